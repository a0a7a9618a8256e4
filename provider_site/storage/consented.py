"""What a consent comes to at this moment: which scopes hold, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import Consent, Registration
from provider_site.policy import durations, scopes
from provider_site.policy import terms as policy

# What it means hangs on whose the application is.
_OF_THE_OWNER = frozenset({"unionid"})


def limit(registration: Registration | None) -> timedelta | None:
    """Return the longest a consent to the application may last now, or ``None``."""
    own = registration.max_consent_days if registration is not None else None
    days = durations.shortest(own, provider_settings.max_consent_days)
    return timedelta(days=days) if days is not None else None


def terms(consent: Consent) -> dict[str, policy.Term]:
    """Return the terms of every scope written down in a consent, whether they hold or not."""
    whole = policy.Term(
        given_at=consent.given_at,
        ends_at=consent.ends_at,
        wording=consent.wording_version,
        unasked=consent.source == Consent.Source.FIRST_PARTY,
    )
    return policy.from_json(consent.terms, scopes=consent.scopes, whole=whole)


def rewrite(consent: Consent, terms: policy.Terms) -> None:
    """Set on a consent, which is not saved, its scopes, the terms of each, and the end of the last of them."""
    consent.scope, consent.terms = scopes.serialize(terms), policy.to_json(terms)
    consent.ends_at = policy.latest(term.ends_at for term in terms.values())


def held(
    consent: Consent,
    registration: Registration | None,
    now: datetime | None = None,
    known: policy.Terms | None = None,
) -> frozenset[str]:
    """Return the scopes a person allows an application at ``now``; none by a consent that is over.

    ``known`` are its ``terms``, where the caller has read them.

    What an administrator decided for an application of the site itself holds while that decision does, and the number
    by which all of an owner's applications know a person while it is that owner's.
    """
    if consent.closed_at is not None:
        return frozenset()
    first_party = registration is not None and registration.first_party
    every = known if known is not None else terms(consent)
    found = policy.held(every, now=now or timezone.now(), limit=limit(registration), first_party=first_party)
    return found if _is_of_the_same_owner(consent, registration) else found - _OF_THE_OWNER


def _is_of_the_same_owner(consent: Consent, registration: Registration | None) -> bool:
    """Tell whether the application belongs to whom it did at the decision; also where that was not written down."""
    owner = registration.owner_id if registration is not None else None
    return bool(consent.facts.get("owner", _owner_text(owner)) == _owner_text(owner))


def _owner_text(owner_id: Any | None) -> str:
    """Return the key of an application's owner as a consent keeps it, empty for nobody's."""
    return "" if owner_id is None else str(owner_id)


def worded(consent: Consent | None, names: Iterable[str]) -> frozenset[str]:
    """Return scopes that hold as what their words opened when the person allowed them (``scopes.as_worded``).

    What hangs on no consent was allowed before there were any words of ours.
    """
    known = terms(consent) if consent is not None else {}
    return scopes.as_worded({name: known[name].wording if name in known else "" for name in names})


def ended(
    consent: Consent, registration: Registration | None, now: datetime, known: policy.Terms | None = None
) -> frozenset[str]:
    """Return the scopes whose time is over at ``now``, whoever allowed them; ``known`` as for ``held``."""
    every = known if known is not None else terms(consent)
    return frozenset(every) - policy.held(every, now=now, limit=limit(registration), first_party=True)


def end(consent: Consent, registration: Registration | None) -> datetime | None:
    """Return when the last scope of a consent ends by itself; ``None``: not before it is withdrawn."""
    return policy.latest(term.end(limit(registration)) for term in terms(consent).values())


def first_end(consent: Consent, registration: Registration | None, names: frozenset[str]) -> datetime | None:
    """Return when the first of the scopes ``names`` ends by itself: no token that has them all may live longer."""
    known = terms(consent)
    return policy.earliest(known[name].end(limit(registration)) for name in names if name in known)
