"""One page of a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from keyset_lists.order import behind, columns, place_of, values_of

Row = TypeVar("Row", bound=Model)

NEXT, BACK = "n", "b"


class AtLeast(int):
    """A number that says how many there are at least: it reckons as the number and reads as "50+"."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """The rows of a page; ``next`` and ``previous`` are what an address names the pages beside it by, or empty."""

    rows: list[Row]
    next: str
    previous: str

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_whole(self) -> bool:
        """Tell whether this page is all there is."""
        return not (self.next or self.previous)


def page_of(rows: QuerySet[Row], place: str, *, size: int) -> KeysetPage[Row]:
    """Return the page of ``rows``, in their order, that ``place`` names; the first one for an empty text.

    One statement, which reads one row more than it shows. ``rows`` are put in the order ``order.columns`` makes of
    theirs. Raises BadPlace for a text that names no page.
    """
    opts = rows.model._meta
    order = columns(opts, rows.query.order_by)
    backward = place[:1] == BACK
    found = rows
    if place:
        values = values_of(place[1:] if place[0] in {NEXT, BACK} else "", opts, order)
        ahead = [column.reversed() for column in order] if backward else order
        found = rows.filter(behind(ahead, values))
    ahead = [column.reversed() for column in order] if backward else order
    read = list(found.order_by(*(column.term for column in ahead))[: size + 1])
    more, shown = len(read) > size, read[:size]
    if backward:
        shown.reverse()
    # Whoever came from a page finds it there again, though its rows may be gone meanwhile.
    has_next = more if not backward else True
    has_previous = more if backward else bool(place)
    return KeysetPage(
        shown,
        next=NEXT + place_of(shown[-1], order) if shown and has_next else "",
        previous=BACK + place_of(shown[0], order) if shown and has_previous else "",
    )
