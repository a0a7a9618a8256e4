"""What the decision about asking a person looks at, gathered for ``policy.consent``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import F
from django.utils import timezone

from provider_site.models import Consent
from provider_site.policy import facts as fact_policy
from provider_site.policy import redirect, scopes
from provider_site.policy.consent import Closed, PastConsent, Situation
from provider_site.services import applications, facts
from provider_site.storage import consented


def latest(*, user: Any, application: Any) -> Consent | None:
    """Return the open consent of a person to an application, else the one closed last; with the application given."""
    rows = Consent.objects.filter(user=user, application=application)
    row = rows.order_by(F("closed_at").desc(nulls_first=True), "-given_at", "-pk").first()
    if row is not None:
        row.application = application  # which has its registration already
    return row


def read(
    *,
    application: Any,
    consent: Consent | None,
    requested: Collection[str],
    prompt: Collection[str],
    redirect_uri: str,
    decided: bool,
) -> Situation:
    """Return the situation of an authorization request: ``consent`` is the latest of its person to its application.

    ``prompt`` holds OpenID's values; a device's request has no ``redirect_uri``; ``decided`` says that the person has
    answered this very request.
    """
    return of(
        application=application,
        consent=consent,
        required=applications.required_scopes(application=application),
        taken_back=_is_not_asked_about(application) and _has_taken_back(application, consent),
        requested=requested,
        prompt=prompt,
        redirect_uri=redirect_uri,
        decided=decided,
    )


def of(
    *,
    application: Any,
    consent: Consent | None,
    required: frozenset[str],
    taken_back: bool,
    requested: Collection[str],
    prompt: Collection[str],
    redirect_uri: str,
    decided: bool,
) -> Situation:
    """Return the situation from what was read of it: nothing here asks the database.

    ``taken_back`` is whether the person once took everything back, which is looked at where they would not be asked;
    the rest is as for ``read``.
    """
    return Situation(
        requested=frozenset(requested),
        required=required,
        past=_past(application, consent, frozenset(requested)) if consent is not None else None,
        sensitive=scopes.sensitive(),
        first_party=_is_not_asked_about(application) and not taken_back,
        prompt_consent="consent" in prompt,
        prompt_select_account="select_account" in prompt,
        decided_for_this_request=decided,
        client_unproven=_is_unproven(application, redirect_uri),
    )


def _is_unproven(application: Any, redirect_uri: str) -> bool:
    """Tell whether the answer may reach another program than the person means: a device's always (RFC 8628 5.4)."""
    return not redirect_uri or (application.client_type == "public" and redirect.is_native(redirect_uri))


def _is_not_asked_about(application: Any) -> bool:
    """Tell whether it was decided so, and holds: the row may have become a public client's since, by whatever hand."""
    return bool(application.registration.first_party) and application.client_type == "confidential"


def _has_taken_back(application: Any, consent: Consent | None) -> bool:
    """Tell whether the person once took everything back: from then on they are asked like by any other application."""
    if consent is None:
        return False
    reasons = [Consent.ClosedReason.WITHDRAWN, Consent.ClosedReason.ADMINISTRATOR]
    rows = Consent.objects.filter(user=consent.user_id, application=application, closed_reason__in=reasons)
    return rows.exists()


def _past(application: Any, consent: Consent, requested: frozenset[str]) -> PastConsent:
    terms, now = consented.terms(consent), timezone.now()
    held = consented.held(consent, application.registration, now, terms)
    ended = consented.ended(consent, application.registration, now, terms)
    closed = Closed(consent.closed_reason) if consent.closed_at is not None else None
    if closed is None and terms and ended == terms.keys():  # over, and the nightly run has yet to see it
        closed = Closed.ENDED
    return PastConsent(
        granted=held,
        declined=consent.declined_scopes,
        once=frozenset(name for name in held if terms[name].once),
        ended=ended,
        old_wording=frozenset(name for name in held if scopes.is_outdated(name, terms[name].wording)),
        unasked=frozenset(name for name, term in terms.items() if term.unasked),
        closed=closed,
        facts_changed=bool(changes(application=application, consent=consent))
        or any(terms[name].outdated for name in held & requested),
    )


def changes(*, application: Any, consent: Consent) -> list[str]:
    """Return the names of the application's facts that differ from what the person was shown."""
    if not consent.facts:
        return []
    return fact_policy.identity_changes(consent.facts, facts.identity(application=application))
