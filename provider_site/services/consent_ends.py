"""The nightly run that ends consents: those whose time is over, and those that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.models import Consent
from provider_site.services import accounts, consents, unused
from provider_site.storage import access, batches, consented

BATCH = 100


def run() -> dict[str, int]:
    """End what is over or unused, flag what will be, and end what inactive accounts still have; return how many.

    Idempotent, and safe to stop: each batch or person is a transaction of its own. Nothing depends on it for being
    refused: the check at use knows by itself what is over. It closes the rows, tells people, and cleans up.
    """
    over = close_over()
    unflagged = unused.unflag()
    ended = unused.end_unused()
    flagged, told = unused.flag()
    return {
        "consents whose time was over": over,
        "unused consents ended": ended,
        "unused consents flagged": flagged,
        "people told of them": told,
        "flags taken away": unflagged,
        "inactive accounts signed out": accounts.end_inactive(),
    }


def close_over(now: datetime | None = None) -> int:
    """Close the consents of which no scope holds any more; return how many."""
    moment = now or timezone.now()
    closed = 0
    for candidates in _candidates(moment):
        rows = Consent.objects.filter(candidates, closed_at=None, application__registration__deleted_at=None)
        for keys in batches.of_keys(rows, size=BATCH):
            closed += _close(keys, moment)
    return closed


def _candidates(now: datetime) -> Iterator[Q]:
    """Yield where to look: a term by its end, what an administrator took back, and what a maximum may have bounded."""
    registration = "application__registration"
    yield Q(ends_at__lte=now)
    others = Q(**{f"{registration}__first_party": False}) | Q(**{registration: None})
    # As policy/terms.py writes a scope that an administrator allowed in a row of the person's own.
    yield others & (Q(source=Consent.Source.FIRST_PARTY) | Q(terms__icontains='"unasked": true'))
    # A maximum counts from each scope's own beginning, which no column has: these rows are read one by one.
    bounded = Q(**{f"{registration}__max_consent_days__isnull": False})
    yield bounded if provider_settings.max_consent_days is None else Q()


@transaction.atomic
def _close(keys: list[int], now: datetime) -> int:
    rows = Consent.objects.select_for_update(of=("self",)).filter(pk__in=keys, closed_at=None)
    closed = 0
    for row in rows.select_related("application__registration").order_by("pk"):
        if row.scopes and not consented.held(row, access.registration_of(row.application), now):
            closed += consents.close(consent=row, reason=Consent.ClosedReason.ENDED)
    return closed
