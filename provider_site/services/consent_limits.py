"""How long a consent to one application may last at most."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from provider_site.errors import ReviewConflict
from provider_site.models import Registration
from provider_site.services import changes, facts


@transaction.atomic
def set_limit(*, application: Any, days: int | None, actor: Any, request: HttpRequest | None = None) -> bool:
    """Bound the consents to an application, those given before too; return whether that is another bound than before.

    ``days`` ``None``: as long as the site allows. Raises ValidationError for less than one day, ReviewConflict for an
    application that is being deleted.
    """
    registration = Registration.objects.select_for_update().filter(application=application).first()
    if registration is None or registration.deleted_at is not None:
        raise ReviewConflict("there is no registration to bound")
    before = registration.max_consent_days
    if before == days:
        return False
    registration.max_consent_days = days
    registration.clean_fields(exclude=[f.name for f in Registration._meta.fields if f.name != "max_consent_days"])
    Registration.objects.filter(pk=registration.pk).update(max_consent_days=days, updated=timezone.now())
    changes.note_change(
        application=registration.application,
        before=facts.read(application=registration.application),
        others=[{"fact": "max_consent_days", "before": str(before or ""), "after": str(days or "")}],
        actor=actor,
        request=request,
    )
    return True
