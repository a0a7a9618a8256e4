"""Go through many rows, a few in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet


def of_keys(rows: QuerySet[Any], column: str = "pk", *, size: int) -> Iterator[list[Any]]:
    """Yield the values in a column, each once and in order, ``size`` at a time.

    Each batch is a query of its own, made when it is asked for: the caller may change and delete rows meanwhile.
    """
    keys = rows.order_by(column).values_list(column, flat=True).distinct()
    some = list(keys[:size])
    while some:
        yield some
        some = list(keys.filter(**{f"{column}__gt": some[-1]})[:size])
