"""Tokens revoked by the people who run the site: chosen ones, and all of an application that was suspended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from provider_site.models import AuditEvent, Registration
from provider_site.services import audit
from provider_site.services.outbox import deliverer
from provider_site.storage import revocation, tokens


@transaction.atomic
def revoke(
    *, access: Iterable[Any] = (), refresh: Iterable[Any] = (), actor: Any, request: HttpRequest | None = None
) -> int:
    """Revoke tokens by their rows, each with its family and its trace; return how many rows were named.

    Callers have checked who asks, and that the rows are few.
    """
    revoked = 0
    for kind, rows, kill in (
        ("access_token", access, revocation.revoke_access_row),
        ("refresh_token", refresh, revocation.revoke_refresh_row),
    ):
        for row in rows:
            data = {"kind": kind, "id": str(row.pk), "user": str(row.user_id) if row.user_id is not None else ""}
            kill(row, reason="revoked_by_staff")
            audit.record(
                action=AuditEvent.Action.TOKEN_REVOKED,
                actor=actor,
                application=row.application,
                request=request,
                data=data,
            )
            revoked += 1
    return revoked


@deliverer("revoke-application-tokens")
def revoke_application_tokens(payload: dict[str, Any]) -> None:
    """Delete what stock DOT would still accept of a suspended application; our own check refuses it already."""
    registration = Registration.objects.filter(application=payload["application"]).first()
    if registration is not None and registration.tokens_not_before is not None:
        tokens.revoke_application_tokens(payload["application"], not_after=registration.tokens_not_before)
