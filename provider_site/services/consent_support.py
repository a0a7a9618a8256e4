"""What support does for a person: end a consent for them, with a reason they are told."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Consent
from provider_site.policy.security_events import Event
from provider_site.services import audit, consents, logout, outbox, people, security_events
from provider_site.services.notices import mail
from provider_site.signals import consent_withdrawn


@transaction.atomic
def end_consent(*, consent: Consent, actor: Any, reason: str, request: HttpRequest | None = None) -> bool:
    """End a person's consent in their place; return whether it was open.

    Every token it bought is dead from this commit on, the application is told like of a withdrawal, and the person
    reads ``reason``. Callers have checked the permission. Raises ValidationError without a reason.
    """
    if not reason.strip():
        raise ValidationError(_("Give a reason: the person is told it by e-mail."), code="reason")
    # No join: the row alone is locked.
    locked = Consent.objects.select_for_update().filter(pk=consent.pk, closed_at=None).first()
    if locked is None:
        return False
    logout.tell_application(consent=locked)
    consents.close(consent=locked, reason=Consent.ClosedReason.ADMINISTRATOR)
    audit.record(
        action=AuditEvent.Action.CONSENT_ENDED,
        actor=actor,
        application=locked.application,
        request=request,
        data={"consent": locked.pk, "user": str(locked.user_id), "reason": reason.strip()},
    )
    security_events.put(application=locked.application, user=locked.user, event=Event.WITHDRAWN)
    outbox.put(kind="consent-ended-mail", payload={"consent": locked.pk, "reason": reason.strip()})
    consent_withdrawn.send(sender=Consent, consent=locked, request=request)
    return True


@outbox.deliverer("consent-ended-mail")
def mail_consent_ended(payload: dict[str, Any]) -> None:
    """Tell a person that an administrator has ended what they allowed, and why."""
    consent = Consent.objects.select_related("user", "application").filter(pk=payload["consent"]).first()
    if consent is None or not (address := people.address_of(user=consent.user)):
        return
    context = {
        "consent": consent,
        "reason": payload["reason"],
        "apps_url": provider_settings.issuer_origin + reverse("provider_site:connected-apps"),
    }
    mail(addresses=[address], language=consent.language, template="consent_ended", context=context)


def events_of(*, consent: Consent, most: int) -> list[AuditEvent]:
    """Return what the audit trail has of a consent, newest first: of its person at its application, and of its end."""
    rows = AuditEvent.objects.filter(application=consent.application_id)
    # By the index of the actor's name: one person has done little, one application has a million events.
    own = rows.filter(actor_name=consent.user.get_username()[:150]).order_by("-at", "-pk")
    found = {row.pk: row for row in own[:most]}
    if consent.closed_at is not None:
        ended = rows.filter(action=AuditEvent.Action.CONSENT_ENDED, at__gte=consent.closed_at).order_by("at")
        found |= {row.pk: row for row in ended[:most] if row.data.get("consent") == consent.pk}
    return sorted(found.values(), key=lambda row: (row.at, row.pk), reverse=True)[:most]
