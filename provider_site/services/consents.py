"""Consents: given, remembered, withdrawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from provider_site.errors import ConsentRefused
from provider_site.models import AuditEvent, AuthorizationRequest, Consent
from provider_site.policy import consent as policy
from provider_site.policy import lifetimes
from provider_site.policy import scopes as scope_policy
from provider_site.services import audit, authorization_requests, outbox
from provider_site.signals import consent_given, consent_refused, consent_withdrawn
from provider_site.storage import tokens


def latest(*, user: Any, application: Any) -> Consent | None:
    """Return the newest consent of a person to an application, open or closed."""
    return Consent.objects.filter(user=user, application=application).order_by("-given_at", "-pk").first()


def allow(
    *,
    authorization_request: AuthorizationRequest,
    user: Any,
    requested: frozenset[str],
    required: frozenset[str],
    ticked: Collection[str],
    days: int | None,
    allowed_days: Collection[int | None],
    request: HttpRequest | None = None,
) -> Consent:
    """Record an "Allow": what was ticked, for how long, and that this request has its decision.

    Raises ConsentRefused when a box or a duration comes back that the page did not offer, and
    AuthorizationRequestExpired when the request had its decision; nothing is written then.
    """
    choices = policy.choices(requested=requested, required=required)
    if strange := set(ticked) - choices:
        raise ConsentRefused(f"ticked scopes that were not offered: {sorted(strange)}")
    if days not in allowed_days:
        raise ConsentRefused(f"a duration that was not offered: {days}")
    granted = policy.granted(requested=requested, required=required, ticked=frozenset(ticked))
    with transaction.atomic():
        authorization_requests.decide(
            authorization_request=authorization_request, user=user, decision=AuthorizationRequest.Decision.ALLOWED
        )
        consent = _write(
            user=user,
            application=authorization_request.application,
            granted=granted,
            declined=requested - granted,
            days=days,
        )
        audit.record(
            action=AuditEvent.Action.CONSENT_GIVEN,
            actor=user,
            application=consent.application,
            request=request,
            data={"consent": consent.pk, "scope": consent.scope, "declined": consent.declined_scope, "days": days},
        )
        outbox.put(kind="consent-given-mail", payload={"consent": consent.pk, "language": consent.language})
        consent_given.send(
            sender=Consent, consent=consent, granted=granted, declined=requested - granted, request=request
        )
    return consent


def _write(**decision: Any) -> Consent:
    try:
        with transaction.atomic():
            return _merge(**decision)
    except IntegrityError:  # a first consent given in two tabs at once: the other tab's row is there now
        return _merge(**decision)


def _merge(
    *, user: Any, application: Any, granted: frozenset[str], declined: frozenset[str], days: int | None
) -> Consent:
    now = timezone.now()
    row = Consent.objects.select_for_update().filter(user=user, application=application, closed_at=None).first()
    if row is not None and not row.is_open(now):
        close(consent=row, reason=Consent.ClosedReason.ENDED)
        row = None
    if row is None:
        row = Consent(user=user, application=application)
    # What this request did not speak of stays as it was: consent is incremental.
    untouched = row.scopes - granted - declined
    untouched_declined = row.declined_scopes - granted - declined
    row.scope = scope_policy.serialize(granted | untouched)
    row.declined_scope = scope_policy.serialize(declined | untouched_declined)
    row.language = get_language() or ""
    row.wording_version = scope_policy.WORDING_VERSION
    row.given_at = now
    row.ends_at = lifetimes.consent_end(now=now, days=days)
    row.save()
    return row


def deny(*, authorization_request: AuthorizationRequest, user: Any, request: HttpRequest | None = None) -> None:
    """Record a "Deny" of the whole request. What was allowed before stays. Raises AuthorizationRequestExpired."""
    with transaction.atomic():
        authorization_requests.decide(
            authorization_request=authorization_request, user=user, decision=AuthorizationRequest.Decision.DENIED
        )
        audit.record(
            action=AuditEvent.Action.CONSENT_REFUSED,
            actor=user,
            application=authorization_request.application,
            request=request,
        )
        consent_refused.send(sender=AuthorizationRequest, authorization_request=authorization_request, request=request)


def withdraw(*, user: Any, application: Any, request: HttpRequest | None = None) -> bool:
    """Take everything back from an application; return whether there was anything.

    Works on the next request: the check at use reads the consent, and DOT's rows are revoked in the same transaction.
    """
    with transaction.atomic():
        consent = Consent.objects.select_for_update().filter(user=user, application=application, closed_at=None).first()
        if consent is None:
            return False
        close(consent=consent, reason=Consent.ClosedReason.WITHDRAWN)
        audit.record(
            action=AuditEvent.Action.CONSENT_WITHDRAWN,
            actor=user,
            application=application,
            request=request,
            data={"consent": consent.pk},
        )
        consent_withdrawn.send(sender=Consent, consent=consent, request=request)
    return True


def close(*, consent: Consent, reason: Consent.ClosedReason) -> None:
    """Close a consent for good and kill what it bought."""
    with transaction.atomic():
        consent.closed_at, consent.closed_reason = timezone.now(), reason
        consent.save(update_fields=["closed_at", "closed_reason"])
        tokens.revoke_consent_tokens(consent, reason=f"consent_{reason}")


def open_consents(*, user: Any) -> list[Consent]:
    """Return what the person allows now, newest first."""
    now = timezone.now()
    rows = Consent.objects.filter(user=user, closed_at=None).select_related("application__registration__owner")
    rows = rows.filter(application__registration__deleted_at=None)  # also true where there is no registration
    return [row for row in rows.order_by("-given_at") if row.is_open(now)]
