"""Applications of the site itself, which people are not asked about: an administrator's decision and its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site.errors import NotAllowed, ReviewConflict
from provider_site.models import AuditEvent, Consent, Registration
from provider_site.services import changes, consents, facts, members, outbox

FACT = "first_party"
BATCH = 500
_LOOKED_THROUGH = 100


@transaction.atomic
def set_first_party(
    *, application: Any, actor: Any, value: bool, reason: str = "", request: HttpRequest | None = None
) -> bool:
    """Decide whether people are asked about an application; return whether that is another decision than before.

    Callers have checked the permission. Raises ValidationError where people are to be asked no more without a reason,
    about a public client, or about one that signs nobody in; NotAllowed to who is a party to the application
    (superusers answer for themselves); ReviewConflict for one that is being deleted. With the decision taken back,
    what nobody was asked about holds no longer, at once.
    """
    # No join: who waited for the lock would read the application as it was before the wait (PostgreSQL).
    registration = Registration.objects.select_for_update().filter(application=application).first()
    if registration is None or registration.deleted_at is not None:
        raise ReviewConflict("there is no registration to decide about")
    if registration.first_party == value:
        return False
    if value:
        _check(registration, actor=actor, reason=reason)
    now = timezone.now()
    Registration.objects.filter(pk=registration.pk).update(first_party=value, updated=now)
    changes.note_change(
        application=registration.application,
        before=facts.read(application=registration.application),
        others=[{"fact": FACT, "before": str(not value), "after": str(value)}],
        reason=reason.strip(),
        actor=actor,
        request=request,
    )
    payload = {"registration": registration.pk, "value": value, "reason": reason.strip()}
    outbox.put(kind="first-party-mail", payload=payload)
    if not value:
        end = {"application": str(registration.application_id), "not_after": now.isoformat()}
        outbox.put(kind="close-unasked-consents", payload=end)
    return True


def _check(registration: Registration, *, actor: Any, reason: str) -> None:
    application = registration.application
    is_bound = actor is not None and not getattr(actor, "is_superuser", False)
    if is_bound and members.is_party(application=application, user=actor):
        raise NotAllowed("nobody decides that people are not asked about an application of their own")
    if error := obstacle(application=application):
        raise error
    if not reason.strip():
        raise ValidationError(_("Give a reason: it stays in the audit trail, and its owners read it."), code="reason")


def obstacle(*, application: Any) -> ValidationError | None:
    """Return why people have to be asked about this kind of application, or ``None``.

    Who a public client is stays unproven (RFC 6749 2.1), and a machine that acts for itself asks nobody anyway.
    """
    if application.client_type != "confidential":
        text = _(
            "Only of a confidential client is it proven that it is this site's own. Any program can be a public one."
        )
        return ValidationError(text, code="client_type")
    if application.authorization_grant_type != "authorization-code":
        return ValidationError(_("Nobody signs in to this application, so nobody is asked."), code="grant")
    return None


def is_set(*, application: Any) -> bool:
    """Tell whether it is decided that people are not asked about the application."""
    return Registration.objects.filter(application=application, first_party=True).exists()


def decision(*, application: Any) -> AuditEvent | None:
    """Return the latest decision not to ask people, with its reason; ``None`` where it is long ago."""
    rows = AuditEvent.objects.filter(application=application, action=AuditEvent.Action.APPLICATION_CHANGED)
    latest = rows.order_by("-at", "-pk")[:_LOOKED_THROUGH]
    return next((row for row in latest if FACT in row.data.get("fields", ())), None)


@outbox.deliverer("close-unasked-consents")
def close_unasked(payload: dict[str, Any]) -> None:
    """Close what nobody was asked about, so that it stays over should the decision be made again.

    Batch by batch, each consent in a transaction of its own; they hold nothing already.
    """
    not_after = datetime.fromisoformat(payload["not_after"])
    rows = Consent.objects.filter(
        application=payload["application"],
        source=Consent.Source.FIRST_PARTY,
        closed_at=None,
        given_at__lte=not_after,
    )
    keys = list(rows.order_by().values_list("pk", flat=True)[:BATCH])
    for key in keys:
        with transaction.atomic():
            if (row := rows.select_for_update().filter(pk=key).first()) is not None:
                consents.close(consent=row, reason=Consent.ClosedReason.ENDED)
    if len(keys) == BATCH:
        outbox.put(kind="close-unasked-consents", payload=payload)
