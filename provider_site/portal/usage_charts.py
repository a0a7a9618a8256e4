"""Usage as people see it: a small chart per kind, the same numbers in a table, and as a file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from provider_site import charts
from provider_site.models import DailyCount
from provider_site.security_headers import protect
from provider_site.services import usage

DEFAULT_DAYS = 30
# Days in a period: how many of them a bar and a row stand for. Whole weeks, or a shorter one would read as a fall.
PERIODS = {7: 1, DEFAULT_DAYS: 1, 90: 1, 364: 7}


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: its rectangle, the left edge of the strip it stands in, and its words."""

    bar: charts.Bar
    left: int
    words: str


@dataclass(frozen=True, slots=True)
class KindChart:
    """The chart of one kind, every number in the words of the active language."""

    kind: str
    label: str
    total: str
    peak: str
    ceiling: str
    chart: charts.Chart
    columns: tuple[Column, ...]
    is_empty: bool


def number(value: int) -> str:
    """Return a number as the active language writes it."""
    return str(number_format(value, force_grouping=True))


def period_of(request: HttpRequest) -> int:
    """Return the period an address asks for in days, or the default for one that is not offered."""
    text = request.GET.get("days", "")
    return next((days for days in PERIODS if str(days) == text), DEFAULT_DAYS)


def wants_file(request: HttpRequest) -> bool:
    """Tell whether an address asks for the file."""
    return request.GET.get("format") == "csv"


def context_of(*, days: int, base_url: str, application: Any = None) -> dict[str, Any]:
    """Return what ``usage/_charts.html`` shows; ``base_url`` is the page's address, to choose another period by."""
    found = usage.series(application=application, days=days)
    size = PERIODS[days]
    starts = found.days[::size]
    values = {kind: charts.grouped(found.counts[kind], size) for kind in DailyCount.Kind}
    rows = [(start, [number(values[kind][place]) for kind in DailyCount.Kind]) for place, start in enumerate(starts)]
    joint = "&" if "?" in base_url else "?"
    return {
        "by_week": size > 1,
        "first": found.days[0],
        "last": found.days[-1],
        "charts": [_chart(kind, values[kind], starts, by_week=size > 1) for kind in DailyCount.Kind],
        "is_empty": not any(found.total(kind) for kind in DailyCount.Kind),
        "kinds": [kind.label for kind in DailyCount.Kind],
        "rows": rows[::-1],
        "totals": [number(found.total(kind)) for kind in DailyCount.Kind],
        "periods": [
            {"label": _period_label(choice), "url": f"{base_url}{joint}days={choice}", "current": choice == days}
            for choice in PERIODS
        ],
        "file_url": f"{base_url}{joint}days={days}&format=csv",
    }


def _period_label(days: int) -> str:
    if PERIODS[days] > 1:
        weeks = days // 7
        return ngettext("%(weeks)s week", "%(weeks)s weeks", weeks) % {"weeks": weeks}
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


def _chart(kind: DailyCount.Kind, values: Sequence[int], starts: Sequence[date], *, by_week: bool) -> KindChart:
    drawn = charts.bar_chart(values)
    highest = max(values)
    peak = _("Most in a week: %(number)s") if by_week else _("Most in a day: %(number)s")
    words = _("Week from %(day)s: %(number)s") if by_week else _("%(day)s: %(number)s")
    return KindChart(
        kind=kind.value,
        label=str(kind.label),
        total=number(sum(values)),
        peak=peak % {"number": number(highest)},
        ceiling=number(drawn.ceiling),
        chart=drawn,
        columns=tuple(
            Column(
                bar=bar,
                left=place * charts.STEP,
                words=words % {"day": date_format(start, "DATE_FORMAT"), "number": number(value)},
            )
            for place, (bar, start, value) in enumerate(zip(drawn.bars, starts, values, strict=True))
        ),
        is_empty=highest == 0,
    )


def file_of(*, days: int, application: Any = None) -> HttpResponse:
    """Return the numbers day by day as CSV (RFC 4180), named as programs expect them whatever the language."""
    found = usage.series(application=application, days=days)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="usage-{found.days[0]}-{found.days[-1]}.csv"'
    writer = csv.writer(response)
    writer.writerow(["day", *(kind.value for kind in DailyCount.Kind)])
    for place, day in enumerate(found.days):
        writer.writerow([day.isoformat(), *(found.counts[kind][place] for kind in DailyCount.Kind)])
    return protect(response)
