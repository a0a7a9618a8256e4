"""Rows by the million, written by PostgreSQL itself: a table's indexes are made anew behind them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection
from django.db.models import NOT_PROVIDED, Model

Columns = Mapping[str, str]


def digest(prefix: str) -> str:
    """Return an SQL expression for a text of 64 hexadecimal digits, another one for each `i`."""
    return f"md5('{prefix}' || i) || md5('{prefix}-' || i)"


def uuid_of(prefix: str, number: str = "i") -> str:
    """Return an SQL expression for a UUID, another one for each number."""
    return f"CAST(md5('{prefix}' || {number}) AS uuid)"


def ago(days: str) -> str:
    """Return an SQL expression for a moment so many days ago; `days` is an expression too."""
    return f"now() - ({days}) * interval '1 day'"


def insert(model: type[Model], columns: Columns, *, count: int) -> None:
    """Insert `count` rows; `columns` maps a column to an SQL expression of `i`, which counts from 1.

    A column that isn't named gets its default; without one, a moment is that of the insertion and JSON is empty.
    """
    names, values, parameters = [], [], []
    for field in model._meta.concrete_fields:
        if field.column in columns:
            value = columns[field.column]
        elif field.primary_key and field.get_internal_type().endswith("AutoField"):
            continue
        elif field.null:
            value = "NULL"
        elif field.default is NOT_PROVIDED and "Date" in field.get_internal_type():
            value = "now()"
        elif field.default is NOT_PROVIDED and field.get_internal_type() == "JSONField":
            value = "'{}'"
        else:
            value = "%s"
            parameters.append(field.get_db_prep_save(field.get_default(), connection))
        names.append(connection.ops.quote_name(field.column))
        values.append(value)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        # Texts of this directory's own, never of a request.
        rows = f"SELECT {', '.join(values)} FROM generate_series(1::bigint, {count}) AS i"  # noqa: S608 - names of our own tables and columns
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {rows}", parameters)


@contextmanager
def indexes_last(*models: type[Model]) -> Iterator[None]:
    """Take the indexes of the models' tables away, but for primary keys, and make them again at the end."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', r.relname, c.conname),
                   format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', r.relname, c.conname, pg_get_constraintdef(c.oid))
              FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
             WHERE r.relname = ANY(%(tables)s) AND c.contype = 'u'
               AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = c.conindid)
            UNION ALL
            SELECT format('DROP INDEX %%I', i.relname), pg_get_indexdef(x.indexrelid)
              FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class r ON r.oid = x.indrelid
             WHERE r.relname = ANY(%(tables)s) AND NOT x.indisprimary
               AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid)
            """,
            {"tables": tables},
        )
        pairs = cursor.fetchall()
        for drop, _again in pairs:
            cursor.execute(drop)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _drop, again in pairs:
            cursor.execute(again)


def settle(*models: type[Model]) -> None:
    """Let keys go on behind the rows inserted, and the planner know the tables."""
    with connection.cursor() as cursor:
        for model in models:
            table, key = connection.ops.quote_name(model._meta.db_table), model._meta.pk
            if key.get_internal_type().endswith("AutoField"):
                column = connection.ops.quote_name(key.column)
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence(%s, %s), (SELECT max({column}) FROM {table}) + 1)",  # noqa: S608 - names of our own tables and columns
                    [table, key.column],
                )
            # A vacuum is no part of a transaction, which is what a test fills its tables in.
            cursor.execute(f"ANALYZE {table}" if connection.in_atomic_block else f"VACUUM (ANALYZE) {table}")


def size_of_database() -> int:
    """Return the bytes of the whole database on disk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
