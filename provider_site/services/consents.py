"""Consents: given, remembered, narrowed, withdrawn, ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from provider_site.conf import provider_settings
from provider_site.errors import ConsentRefused
from provider_site.models import AuditEvent, AuthorizationRequest, Consent, Registration
from provider_site.policy import consent as policy
from provider_site.policy import durations, terms
from provider_site.policy import scopes as scope_policy
from provider_site.policy.durations import Duration
from provider_site.policy.facts import identity_changes
from provider_site.policy.security_events import Event
from provider_site.services import audit, authorization_requests, facts, logout, outbox, security_events, situations
from provider_site.signals import consent_given, consent_narrowed, consent_refused, consent_withdrawn
from provider_site.storage import access, consented, tokens


def allow(
    *,
    authorization_request: AuthorizationRequest,
    user: Any,
    requested: frozenset[str],
    required: frozenset[str],
    ticked: Collection[str],
    duration: Duration,
    offered: Sequence[Duration],
    settled: frozenset[str] = frozenset(),
    request: HttpRequest | None = None,
) -> Consent:
    """Record an "Allow": what was ticked, for how long, and that this request has its decision.

    ``settled`` are the scopes the page showed as allowed before: left ticked, they keep their terms.
    Raises ConsentRefused when a box or a duration comes back that the page did not offer, and
    AuthorizationRequestExpired when the request had its decision; nothing is written then.
    """
    choices = policy.choices(requested=requested, required=required)
    if strange := set(ticked) - choices:
        raise ConsentRefused(f"ticked scopes that were not offered: {sorted(strange)}")
    if duration not in offered:
        raise ConsentRefused(f"a duration that was not offered: {duration}")
    granted = policy.granted(requested=requested, required=required, ticked=frozenset(ticked))
    declined = requested - granted
    with transaction.atomic():
        authorization_requests.decide(
            authorization_request=authorization_request, user=user, decision=AuthorizationRequest.Decision.ALLOWED
        )
        had = _known_of(user=user, application=authorization_request.application)
        consent = _write(
            user=user,
            application=authorization_request.application,
            granted=granted,
            declined=declined,
            anew=requested - settled,
            duration=duration,
            source=Consent.Source.PERSON,
        )
        audit.record(
            action=AuditEvent.Action.CONSENT_GIVEN,
            actor=user,
            application=consent.application,
            request=request,
            data={
                "consent": consent.pk,
                "scope": scope_policy.serialize(granted),
                "declined": scope_policy.serialize(declined),
                "duration": durations.to_text(duration),
            },
        )
        # Not again at each sign-in to what is asked about each time: a letter that always comes is read by nobody.
        if granted - had:
            outbox.put(kind="consent-given-mail", payload={"consent": consent.pk, "language": consent.language})
        consent_given.send(sender=Consent, consent=consent, granted=granted, declined=declined, request=request)
    return consent


@transaction.atomic
def record_unasked(
    *,
    user: Any,
    application: Any,
    granted: frozenset[str],
    seen: Consent | None,
    request: HttpRequest | None = None,
) -> Consent:
    """Record what an application of the site itself has by an administrator's decision, without the person asked.

    What the person has declined before stays declined, and what they allowed themselves keeps its terms.
    Raises ConsentRefused when the consent is no longer what was ``seen``: the person has taken something back since.
    """
    _locked_open(user=user, application=application)
    if _state(situations.latest(user=user, application=application)) != _state(seen):
        raise ConsentRefused("the consent has changed since it was decided not to ask")
    offers = offered_durations(registration=application.registration)
    # As long as may be: nobody was there to choose less.
    longest = durations.preselected(offers, wish=None)
    consent = _write(
        user=user,
        application=application,
        granted=granted,
        declined=frozenset(),
        anew=frozenset(),
        duration=longest,
        source=Consent.Source.FIRST_PARTY,
    )
    audit.record(
        action=AuditEvent.Action.CONSENT_NOT_ASKED,
        actor=user,
        application=application,
        request=request,
        data={"consent": consent.pk, "scope": scope_policy.serialize(granted)},
    )
    consent_given.send(sender=Consent, consent=consent, granted=granted, declined=frozenset(), request=request)
    return consent


def _state(consent: Consent | None) -> tuple[Any, ...]:
    return (consent.pk, consent.closed_at, consent.scope, consent.declined_scope) if consent is not None else ()


def offered_durations(*, registration: Registration | None) -> list[Duration]:
    """Return the durations a person may choose for the application, bounded by its and the site's maximum."""
    limit = consented.limit(registration)
    choices = provider_settings.consent_durations
    return durations.offered(choices, limit=limit.days if limit is not None else None)


def _write(**decision: Any) -> Consent:
    try:
        with transaction.atomic():
            return _merge(**decision)
    except IntegrityError:  # a first consent given in two tabs at once: the other tab's row is there now
        return _merge(**decision)


def _merge(
    *,
    user: Any,
    application: Any,
    granted: frozenset[str],
    declined: frozenset[str],
    anew: frozenset[str],
    duration: Duration,
    source: Consent.Source,
) -> Consent:
    now, shown = timezone.now(), facts.identity(application=application)
    row = _locked_open(user=user, application=application)
    if row is not None and row.scopes and not consented.held(row, application.registration, now):
        close(consent=row, reason=Consent.ClosedReason.ENDED)
        row = None
    if row is None:
        row = Consent(user=user, application=application, facts=shown)
        past = situations.latest(user=user, application=application) if application.registration.first_party else None
        if past is not None:
            row.declined_scope = past.declined_scope  # nobody would ask again: a no outlives the consent it is in
    before = _still_holding(row, application.registration, now, outdated=bool(identity_changes(row.facts, shown)))
    term = terms.Term(
        given_at=now,
        ends_at=durations.end(now=now, duration=duration, once=provider_settings.consent_once_lifetime),
        once=duration == durations.ONCE,
        wording=scope_policy.WORDING_VERSION,
        unasked=source == Consent.Source.FIRST_PARTY,
    )
    if source == Consent.Source.FIRST_PARTY:
        stale = terms.stale(before, is_reworded=scope_policy.is_outdated)
        after = terms.unasked(before, granted=granted, term=term, anew=stale)
    else:
        after = terms.decided(before, granted=granted, declined=declined, anew=anew, term=term)
    own = any(not known.unasked for known in after.values())
    if source == Consent.Source.PERSON or not own:  # else the row goes on telling of the person's own decision
        row.given_at, row.duration, row.source = now, durations.to_text(duration), source
        row.language, row.wording_version = get_language() or "", scope_policy.WORDING_VERSION
    consented.rewrite(row, after)
    # What this request did not speak of stays as it was: consent is incremental.
    row.declined_scope = scope_policy.serialize((row.declined_scopes | declined) - after.keys())
    row.facts, row.unused_warned_at = shown, None
    row.save()
    return row


def _still_holding(row: Consent, registration: Registration, now: datetime, *, outdated: bool) -> dict[str, terms.Term]:
    """Return the terms a decision begins with: of what holds, marked where the application has become another since."""
    held = consented.held(row, registration, now)
    known = {name: term for name, term in consented.terms(row).items() if name in held}
    return {name: replace(term, outdated=term.outdated or outdated) for name, term in known.items()}


def _known_of(*, user: Any, application: Any) -> frozenset[str]:
    """Return the scopes the person knows the application to have: what holds, and what they allow once each time."""
    consent = _locked_open(user=user, application=application)
    if consent is None:
        return frozenset()
    once = {name for name, term in consented.terms(consent).items() if term.once}
    return consented.held(consent, access.registration_of(application)) | once


def _locked_open(*, user: Any, application: Any) -> Consent | None:
    rows = Consent.objects.select_for_update().filter(user=user, application=application, closed_at=None)
    return rows.first()


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


@transaction.atomic
def withdraw(*, user: Any, application: Any, request: HttpRequest | None = None) -> bool:
    """Take everything back from an application; return whether there was anything.

    Works on the next request: the check at use reads the consent, and DOT's rows are revoked in the same transaction.
    """
    consent = _locked_open(user=user, application=application)
    if consent is None:
        return False
    logout.tell_application(consent=consent)
    close(consent=consent, reason=Consent.ClosedReason.WITHDRAWN)
    audit.record(
        action=AuditEvent.Action.CONSENT_WITHDRAWN,
        actor=user,
        application=application,
        request=request,
        data={"consent": consent.pk},
    )
    security_events.put(application=application, user=user, event=Event.WITHDRAWN)
    consent_withdrawn.send(sender=Consent, consent=consent, request=request)
    return True


@transaction.atomic
def narrow(
    *, user: Any, application: Any, scopes: Collection[str], request: HttpRequest | None = None
) -> frozenset[str]:
    """Take some scopes back from an application; return those it had. Its tokens lose them on their next use.

    Without ``openid``, and without anything left, all of it is withdrawn: nobody is signed in by the rest.
    """
    consent = _locked_open(user=user, application=application)
    taken = consent.scopes.intersection(scopes) if consent is not None else frozenset()
    if consent is None or not taken:
        return frozenset()
    left = consent.scopes - taken
    over = consented.ended(consent, access.registration_of(consent.application), timezone.now())
    if not left - over or "openid" in taken:
        withdraw(user=user, application=application, request=request)
        return consent.scopes
    known = consented.terms(consent)
    consented.rewrite(consent, {name: known[name] for name in left})
    consent.declined_scope = scope_policy.serialize(consent.declined_scopes | taken)
    consent.save(update_fields=["scope", "terms", "declined_scope", "ends_at"])
    audit.record(
        action=AuditEvent.Action.CONSENT_NARROWED,
        actor=user,
        application=application,
        request=request,
        data={"consent": consent.pk, "scope": scope_policy.serialize(taken), "left": consent.scope},
    )
    security_events.put(application=application, user=user, event=Event.NARROWED, taken=taken, left=left)
    consent_narrowed.send(sender=Consent, consent=consent, taken=taken, request=request)
    return taken


@transaction.atomic
def sign_out(*, user: Any, application: Any, request: HttpRequest | None = None) -> bool:
    """End every sign-in and token of a person at an application; return whether it was allowed anything.

    The consent stays: the next sign-in there goes on without a question.
    """
    consent = _locked_open(user=user, application=application)
    if consent is None:
        return False
    logout.tell_application(consent=consent)
    ended = tokens.revoke_consent_tokens(consent, reason="signed_out")
    audit.record(
        action=AuditEvent.Action.SIGNED_OUT,
        actor=user,
        application=application,
        request=request,
        data={"consent": consent.pk},
    )
    if ended:  # or a button pressed again and again would have us call the application each time
        security_events.put(application=application, user=user, event=Event.SIGNED_OUT)
    return True


def close(*, consent: Consent, reason: Consent.ClosedReason) -> bool:
    """Close a consent for good and kill what it bought; return whether this call did it.

    One conditional UPDATE decides: who had read the consent before another closed it changes nothing.
    """
    with transaction.atomic():
        now = timezone.now()
        open_one = Consent.objects.filter(pk=consent.pk, closed_at=None)
        closed = open_one.update(closed_at=now, closed_reason=reason) == 1
        if closed:
            consent.closed_at, consent.closed_reason = now, reason
            tokens.revoke_consent_tokens(consent, reason=f"consent_{reason}")
    return closed
