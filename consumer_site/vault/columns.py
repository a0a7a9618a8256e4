"""Know every column that holds something sealed, and seal it anew with the newest key of the ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.views.decorators.debug import sensitive_variables

from consumer_site.models import ClientKey, SessionLink, StoredToken
from consumer_site.vault import cipher
from consumer_site.vault.store import binding_of
from consumer_site.vault.tracebacks import without_locals

BATCH_SIZE = 200


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of sealed texts.

    `sealed_of` returns a row's sealed text, empty for none, and `binding_of` what it is sealed for. `replace` stores
    another text in one conditional statement, only where the row's is still what was read, and returns whether it did.
    """

    name: str
    model: type[Model]
    sealed_of: Callable[[Any], str]
    binding_of: Callable[[Any], str]
    replace: Callable[[Any, str], bool]
    related: tuple[str, ...] = ()


@dataclass(slots=True)
class Survey:
    """What was found in a column: rows by the key that opens them (0 is the newest), keys of rows that none opens."""

    name: str
    by_key: Counter[int] = field(default_factory=Counter)
    unreadable: list[Any] = field(default_factory=list)
    resealed: int = 0


_columns: dict[str, SealedColumn] = {}


def register_sealed(column: SealedColumn) -> None:
    """Have the column resealed too."""
    _columns[column.name] = column


def sealed_columns() -> list[SealedColumn]:
    """Return every registered column."""
    return list(_columns.values())


def text_column(
    model: type[Model], name: str, *, binding_of: Callable[[Any], str], related: tuple[str, ...] = ()
) -> SealedColumn:
    """Return the description of a text column."""

    def replace(row: Any, sealed: str) -> bool:
        rows = model._default_manager.filter(pk=row.pk, **{name: getattr(row, name)})
        return bool(rows.update(**{name: sealed}))

    def sealed_of(row: Any) -> str:
        return str(getattr(row, name))

    return SealedColumn(f"{model.__name__}.{name}", model, sealed_of, binding_of, replace, related)


@without_locals()
@sensitive_variables()
def survey(column: SealedColumn, *, reseal: bool = False, batch_size: int = BATCH_SIZE) -> Survey:
    """Return which keys a column hangs on; with `reseal`, first seal anew what hangs on an older one than the newest.

    Broken off, it goes on where it stopped, for what is done is found done. A row that changes meanwhile keeps its
    new value, which was sealed with the newest key anyway.
    """
    found = Survey(column.name)
    for row in _rows(column, batch_size):
        sealed, binding = column.sealed_of(row), column.binding_of(row)
        if not sealed:
            continue
        try:
            place = cipher.position(sealed, binding=binding)
            if reseal and place and column.replace(row, cipher.reseal(sealed, binding=binding)):
                found.resealed += 1
                place = 0
        except cipher.UnsealError:
            found.unreadable.append(row.pk)
        else:
            found.by_key[place] += 1
    return found


def _rows(column: SealedColumn, batch_size: int) -> Iterator[Any]:
    rows = column.model._default_manager.select_related(*column.related).order_by("pk")
    last = None
    while True:
        batch = list((rows if last is None else rows.filter(pk__gt=last))[:batch_size])
        yield from batch
        if len(batch) < batch_size:
            return
        last = batch[-1].pk


register_sealed(
    text_column(StoredToken, "sealed", binding_of=lambda row: binding_of(row.account), related=("account",))
)
register_sealed(text_column(SessionLink, "sealed_id_token", binding_of=lambda row: row.ID_TOKEN_BINDING))
register_sealed(text_column(ClientKey, "sealed", binding_of=lambda row: row.binding))
