"""Go through many rows, a few in memory at a time, and take those away that are over, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.db import router, transaction
from django.db.models import Field, Model, QuerySet
from django.db.models.deletion import get_candidate_relations_to_delete
from django.db.models.signals import post_delete, pre_delete

Rows = QuerySet[Any]


def of_keys(rows: Rows, column: str = "pk", *, size: int) -> Iterator[list[Any]]:
    """Yield the values in a column, each once and in order, ``size`` at a time.

    Each batch is a query of its own, made when it is asked for: the caller may change and delete rows meanwhile.
    """
    keys = rows.order_by(column).values_list(column, flat=True).distinct()
    some = list(keys[:size])
    while some:
        yield some
        some = list(keys.filter(**{f"{column}__gt": some[-1]})[:size])


def delete(
    rows: Rows,
    *,
    size: int,
    unreferenced_by: Collection[Field[Any, Any]] = (),
    first: Callable[[Rows], Any] | None = None,
    in_order: bool = False,
) -> int:
    """Delete ``rows``, going through their table once by its primary key; return how many.

    Each batch looks at ``size`` rows of the table, over or not, and is a transaction of its own: however few of them
    are over, it holds its locks, which are those of rows nobody uses, for a moment. A run that was killed is continued
    by the next one, which finds less to do. ``unreferenced_by`` are the foreign keys that, by the condition of ``rows``
    or because ``first`` empties them in the same transaction, don't point to any row deleted here. ``in_order``: rows
    are added in the order of their age, so the first batch without one that is over is the last one looked at.
    """
    keys = rows.model._base_manager.order_by("pk").values_list("pk", flat=True)
    deleted, ahead, batch = 0, keys, rows
    while True:
        # A step of bounded length in the index of the primary key, not a page that is reached by skipping others.
        end = next(iter(ahead[size - 1 : size]), None)
        some = batch if end is None else batch.filter(pk__lte=end)
        count = _remove(some, unreferenced_by, first)
        deleted += count
        if end is None or (in_order and not count):
            return deleted
        ahead, batch = keys.filter(pk__gt=end), rows.filter(pk__gt=end)


def delete_by(column: str, rows: Rows, *, size: int) -> int:
    """Delete ``rows``, all of which are over by a ``column`` with an index, batch by batch; return how many.

    Each batch begins in the index where the last one ended: what was deleted there is not looked at again.
    """
    deleted, ahead = 0, rows.order_by(column)
    while found := list(ahead.values_list("pk", column)[:size]):
        deleted += _remove(rows.filter(pk__in=[key for key, _value in found]), (), None)
        ahead = rows.order_by(column).filter(**{f"{column}__gte": found[-1][1]})
    return deleted


def _remove(rows: Rows, unreferenced_by: Collection[Field[Any, Any]], first: Callable[[Rows], Any] | None) -> int:
    using = router.db_for_write(rows.model)
    with transaction.atomic(using=using):
        if first is not None:
            first(rows)
        if _is_alone(rows.model, unreferenced_by):
            return rows.using(using)._raw_delete(using) or 0
        # A host's own table points here, or somebody listens: Django reads the rows and does what was asked for.
        return rows.order_by().delete()[1].get(rows.model._meta.label, 0)


def _is_alone(model: type[Model], unreferenced_by: Collection[Field[Any, Any]]) -> bool:
    """Tell whether one DELETE does what Django's would: nothing else points to the rows, and nobody is told of it."""
    relations: Any = get_candidate_relations_to_delete(model._meta)
    known = {(field.model, field.name) for field in unreferenced_by}
    if any((relation.related_model, relation.field.name) not in known for relation in relations):
        return False
    return not (model._meta.parents or pre_delete.has_listeners(model) or post_delete.has_listeners(model))
