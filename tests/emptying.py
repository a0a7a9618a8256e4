"""Empty the database behind a test that commits as Django does, without writing again what is still there.

Django empties every table, and makes content types, permissions and groups anew. Here only tables with rows in them are
emptied, and those rows are kept, unless the test changed one of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.test import TransactionTestCase

# What Django and the apps write behind every migration.
KEPT = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")


def kept(connection: Any) -> list[Any]:
    """Return the rows of the tables that are kept."""
    with connection.cursor() as cursor:
        rows = []
        for table in KEPT:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            rows.append(cursor.fetchall())
        return rows


def empty(connection: Any) -> None:
    """Delete the rows of all other tables."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = [connection.ops.quote_name(table) for table in tables if table not in KEPT]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names))
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {name}")


@contextmanager
def hastily() -> Iterator[None]:
    """Empty databases so for as long as this is open."""
    django_s = TransactionTestCase._fixture_teardown
    known: dict[str, list[Any]] = {}

    def teardown(case: Any) -> None:
        names = case._databases_names(include_mirrors=False)
        is_usual = case.available_apps is None and not case.reset_sequences and not case.serialized_rollback
        if is_usual and all(known.get(name) == kept(connections[name]) for name in names):
            for name in names:
                empty(connections[name])
            return
        django_s(case)
        known.update({name: kept(connections[name]) for name in names})

    TransactionTestCase._fixture_teardown = teardown
    try:
        yield
    finally:
        TransactionTestCase._fixture_teardown = django_s
