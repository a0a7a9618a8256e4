"""Numbers that the database gives to rows, moved on."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, Model


def skip(count: int) -> int:
    """Let every table that numbers its rows leave out the next ``count`` numbers; return how many tables there were.

    Zero on another engine than PostgreSQL and SQLite, where nothing is done.
    """
    done = 0
    for model, column in _numbered():
        connection = connections[router.db_for_write(model)]
        step = {"postgresql": _skip_on_postgresql, "sqlite": _skip_on_sqlite}.get(connection.vendor)
        if step is not None:
            step(connection, model._meta.db_table, column, count)
            done += 1
    return done


def _numbered() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models(include_auto_created=True):
        key = model._meta.pk
        if model._meta.managed and not model._meta.proxy and isinstance(key, AutoField) and key.column:
            yield model, key.column


def _skip_on_postgresql(connection: BaseDatabaseWrapper, table: str, column: str, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [connection.ops.quote_name(table), column])
        [sequence] = cursor.fetchone()
        if sequence is not None:
            cursor.execute("SELECT setval(%s, nextval(%s) + %s)", [sequence, sequence, count])


def _skip_on_sqlite(connection: BaseDatabaseWrapper, table: str, _column: str, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])
        if cursor.rowcount == 0:  # a table that has had no row yet
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
