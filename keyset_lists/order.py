"""The order of a list, and a row's place in it as text."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q
from django.db.models.expressions import OrderBy
from django.db.models.options import Options


class BadPlace(ValueError):
    """The text names no place in the order."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the model's own that is never empty, and its direction."""

    name: str
    descending: bool

    @property
    def term(self) -> str:
        """The column as ``order_by`` takes it."""
        return f"-{self.name}" if self.descending else self.name

    def reversed(self) -> Column:
        """Return it in the other direction."""
        return Column(self.name, not self.descending)


def columns(opts: Options[Any], ordering: Iterable[Any]) -> tuple[Column, ...]:
    """Return the columns of an ordering by which rows can be told apart, ending with a unique one.

    Left out are columns that may be empty, as nothing is greater than NULL, and those of other tables, which no index
    of this one sorts.
    """
    found: list[Column] = []
    for term in ordering:
        column = _column(opts, term)
        if column is None or any(column.name == known.name for known in found):
            continue
        found.append(column)
        if _field(opts, column).unique:
            return tuple(found)
    assert opts.pk is not None, "every model has a primary key"
    return (*found, Column(opts.pk.attname, descending=found[-1].descending if found else True))


def _column(opts: Options[Any], term: Any) -> Column | None:
    descending = False
    if isinstance(term, OrderBy):
        descending, term = term.descending, term.expression
    term = getattr(term, "name", None) if isinstance(term, F) else term
    if not isinstance(term, str):
        return None
    name = term.removeprefix("-")
    descending = descending is not term.startswith("-")
    if name == "pk":
        assert opts.pk is not None, "every model has a primary key"
        return Column(opts.pk.attname, descending)
    try:
        field: Any = opts.get_field(name)
    except FieldDoesNotExist:
        return None
    is_own = getattr(field, "concrete", False) and not field.null
    # By the name of a relation Django sorts by the other table's own order.
    is_elsewhere = is_own and field.is_relation and name != field.attname
    return Column(field.attname, descending) if is_own and not is_elsewhere else None


def behind(order: Sequence[Column], values: Sequence[Any]) -> Q:
    """Return the condition of the rows behind a place.

    Besides the comparison column by column stands that of the first one alone: a database begins there in an index,
    where it would walk from its end by an OR.
    """
    condition, equal = Q(), Q()
    for column, value in zip(order, values, strict=True):
        condition |= equal & Q(**{f"{column.name}__{'lt' if column.descending else 'gt'}": value})
        equal &= Q(**{column.name: value})
    first = order[0]
    if len(order) == 1:
        return condition
    return Q(**{f"{first.name}__{'lte' if first.descending else 'gte'}": values[0]}) & condition


def place_of(row: Model, order: Sequence[Column]) -> str:
    """Return a row's place as text for an address: what its columns hold, which the list shows anyway."""
    values = [_field(row._meta, column).value_to_string(row) for column in order]
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def values_of(text: str, opts: Options[Any], order: Sequence[Column]) -> list[Any]:
    """Return what the columns hold at a place. Raises BadPlace for a text that names none in this order."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadPlace(text) from error
    if not isinstance(values, list) or len(values) != len(order):
        raise BadPlace(text)
    if any(not isinstance(value, str) or "\x00" in value for value in values):
        raise BadPlace(text)
    try:
        found = [_field(opts, column).to_python(value) for column, value in zip(order, values, strict=True)]
        for moment in (value for value in found if isinstance(value, datetime)):
            moment.astimezone(UTC)  # raises OverflowError for one at the very end of time
            if settings.USE_TZ and moment.tzinfo is None:
                raise BadPlace(text)
    except (ValidationError, ValueError, OverflowError) as error:
        raise BadPlace(text) from error
    return found


def _field(opts: Options[Any], column: Column) -> Any:
    return opts.get_field(column.name)
