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
from provider_site.policy import grants
from provider_site.services import changes, consents, facts, members, outbox
from provider_site.storage import consented

FACT = "first_party"
KIND = "drop-unasked-consents"
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
        end = {"application": str(registration.application_id), "not_after": now.isoformat(), "after": 0}
        outbox.put(kind=KIND, payload=end)
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
        text = _("Any program can claim to be a public client: people are always asked about one.")
        return ValidationError(text, code="client_type")
    if application.authorization_grant_type == grants.DEVICE_CODE:
        # RFC 8628 5.4: the page is where a person notices that somebody else began it.
        text = _("Whoever signs in on a device is always asked: a stranger may have sent them the code.")
        return ValidationError(text, code="grant")
    if application.authorization_grant_type != grants.AUTHORIZATION_CODE:
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


@outbox.deliverer(KIND)
def drop_unasked(payload: dict[str, Any]) -> None:
    """Take out of consents what nobody was asked about, so that it stays over should the decision be made again.

    Batch by batch, each consent in a transaction of its own. What is taken out holds nothing already.
    """
    not_after = datetime.fromisoformat(payload["not_after"])
    rows = Consent.objects.filter(application=payload["application"], closed_at=None)
    keys = list(rows.filter(pk__gt=payload["after"]).order_by("pk").values_list("pk", flat=True)[:BATCH])
    for key in keys:
        with transaction.atomic():
            if (row := rows.select_for_update().filter(pk=key).first()) is not None:
                _drop(row, not_after)
    if len(keys) == BATCH:
        outbox.put(kind=KIND, payload={**payload, "after": keys[-1]})


def _drop(consent: Consent, not_after: datetime) -> None:
    known = consented.terms(consent)
    left = {name: term for name, term in known.items() if not term.unasked or term.given_at > not_after}
    if not left:
        consents.close(consent=consent, reason=Consent.ClosedReason.ENDED)
    elif len(left) < len(known):
        consented.rewrite(consent, left)
        consent.save(update_fields=["scope", "terms", "ends_at"])
