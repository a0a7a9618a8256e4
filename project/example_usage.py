"""A month of use for the demonstration's charts: made-up numbers, which nothing but `make demo` writes."""

from __future__ import annotations

from datetime import timedelta

from provider_site.models import DailyCount
from provider_site.services import usage
from provider_site.services.applications import application_model

DAYS = 30
_Kind = DailyCount.Kind
# Sign-ins on an ordinary day, and how many of ten lead to an error.
APPLICATIONS = {"zhaoxi-calendar": (40, 0), "morning-weather": (24, 0), "terminal-notes": (9, 1), "lucky-draw": (18, 3)}


def _numbers(ago: int, *, ordinary: int, errors: int) -> dict[_Kind, int]:
    """Return one day's numbers: more each week, fewer at weekends, and never quite even; the same in each run."""
    day = usage.today() - timedelta(days=ago)
    uneven = (day.toordinal() * 7 + ordinary) % 11 - 5
    growth = (DAYS - ago) * ordinary // (2 * DAYS)
    sign_ins = max((ordinary + growth + uneven) * (6 if day.weekday() >= 5 else 10) // 10, 1)
    return {
        _Kind.SIGN_IN: sign_ins,
        _Kind.CONSENT_GIVEN: sign_ins // 5,
        _Kind.CONSENT_PARTLY: sign_ins // 9,
        _Kind.CONSENT_REFUSED: sign_ins // 17,
        _Kind.TOKEN: sign_ins * 3,
        _Kind.ERROR: sign_ins * errors // 10 + (day.toordinal() % 7 == 0),
    }


def seed_usage() -> None:
    """Write the month before today where nothing was counted yet: numbers that people made are kept as they are."""
    if DailyCount.objects.exists():
        return
    known = application_model().objects.filter(client_id__in=APPLICATIONS)
    rows = []
    for ago in range(1, DAYS + 1):
        day = usage.today() - timedelta(days=ago)
        site: dict[_Kind, int] = dict.fromkeys(_Kind, 0)
        for application in known:
            ordinary, errors = APPLICATIONS[application.client_id]
            for kind, number in _numbers(ago, ordinary=ordinary, errors=errors).items():
                rows.append(DailyCount(application=application, day=day, kind=kind, count=number))
                site[kind] += number
        rows += [DailyCount(application=None, day=day, kind=kind, count=number) for kind, number in site.items()]
    DailyCount.objects.bulk_create(rows)
