"""Lay a month out in weeks; no request, no writes."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from consumer_site.models import CalendarEvent

FIRST_YEAR, LAST_YEAR = 1970, 2199


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the month's table; days of the neighbouring months have `inside` False and no events."""

    date: date
    inside: bool
    today: bool
    events: tuple[CalendarEvent, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks of days, Monday first, and the months beside it as YYYY-MM or empty at the ends of time."""

    first: date
    weeks: tuple[tuple[Day, ...], ...]
    previous: str
    following: str

    @property
    def busy(self) -> bool:
        """Return whether the month has any entry."""
        return any(day.events for week in self.weeks for day in week)


def parse_month(text: str, *, today: date) -> date:
    """Return the first day of the month written YYYY-MM, today's month for anything else."""
    try:
        year, month = (int(part) for part in text.split("-"))
        first = date(year, month, 1)
    except (ValueError, OverflowError):
        return today.replace(day=1)
    return first if FIRST_YEAR <= year <= LAST_YEAR else today.replace(day=1)


def bounds(first: date) -> tuple[date, date]:
    """Return the month's first and last day."""
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def lay_out(first: date, *, today: date, events: Iterable[CalendarEvent]) -> Month:
    """Return the month with its events, which are in the order of their times."""
    by_day: dict[date, list[CalendarEvent]] = {}
    for event in events:
        by_day.setdefault(event.day, []).append(event)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return Month(
        first=first,
        weeks=tuple(tuple(_day(item, first, today, by_day) for item in week) for week in weeks),
        previous=_neighbour(first, -1),
        following=_neighbour(first, 1),
    )


def _day(item: date, first: date, today: date, events: Mapping[date, list[CalendarEvent]]) -> Day:
    inside = item.month == first.month
    return Day(item, inside=inside, today=item == today, events=tuple(events.get(item, ())) if inside else ())


def _neighbour(first: date, step: int) -> str:
    index = first.year * 12 + first.month - 1 + step
    year, month = divmod(index, 12)
    return f"{year:04d}-{month + 1:02d}" if FIRST_YEAR <= year <= LAST_YEAR else ""
