"""How an application's tokens are made: what its owners choose by themselves, without a review."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from provider_site.errors import ReviewConflict
from provider_site.models import Registration
from provider_site.services import changes, facts, signing_choice


@transaction.atomic
def choose(
    *, application: Any, id_token_alg: str, access_token_format: str, actor: Any, request: HttpRequest | None = None
) -> list[str]:
    """Have tokens made otherwise from now on; return the names of what changed, which is in the audit trail.

    Those there are stay as they are. Raises ReviewConflict for a suspended application, ValidationError for what is not
    offered.
    """
    registration = Registration.objects.select_for_update().get(application=application)
    if registration.status == Registration.Status.SUSPENDED:
        raise ReviewConflict("a suspended application stays as it is")
    chosen = {"id_token_alg": id_token_alg, "access_token_format": access_token_format}
    differs = {name: value for name, value in chosen.items() if getattr(registration, name) != value}
    if "id_token_alg" in differs:
        signing_choice.check(id_token_alg)
    others = [{"fact": name, "before": getattr(registration, name), "after": new} for name, new in differs.items()]
    if not differs:
        return []
    for name, value in differs.items():
        setattr(registration, name, value)
    registration.clean_fields(exclude=["application", "owner"])
    registration.save(update_fields=[*differs, "updated"])
    before = facts.read(application=application)
    return changes.note_change(application=application, before=before, others=others, actor=actor, request=request)
