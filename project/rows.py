"""One row by its columns, read by a statement whose text is made once for the life of the process.

Compiling the query costs Django several times as much as everything else that reading a row takes, and each page of a
signed-in person begins with two.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connections, router
from django.db.models import Model
from django.db.models.expressions import Col

from provider_site.storage import sql

Found = TypeVar("Found", bound=Model)


def find(model: type[Found], **conditions: tuple[str, Any]) -> Found | None:
    """Return the row whose columns fit, or ``None``; by field, an operator of SQL and a value: ``pk=("=", 1)``."""
    connection = connections[router.db_for_read(model)]
    fields = model._meta.concrete_fields
    statement = _statement(model, connection.alias, tuple((name, by) for name, (by, _value) in conditions.items()))
    values = [
        model._meta.get_field(name).get_db_prep_value(value, connection) for name, (_by, value) in conditions.items()
    ]
    with sql.execute(connection, statement, values, times=True) as cursor:
        row = cursor.fetchone()
    if row is None:
        return None
    found = list(row)
    for index, functions, expression in _converters(model, connection.alias):
        for convert in functions:
            found[index] = convert(found[index], expression, connection)
    return model.from_db(connection.alias, [field.attname for field in fields], found)


@lru_cache
def _statement(model: type[Model], alias: str, conditions: tuple[tuple[str, str], ...]) -> str:
    quote = connections[alias].ops.quote_name
    columns = ", ".join(quote(field.column) for field in model._meta.concrete_fields)
    fits = " AND ".join(f"{quote(model._meta.get_field(name).column)} {by} %s" for name, by in conditions)
    table = quote(model._meta.db_table)
    return f"SELECT {columns} FROM {table} WHERE {fits}"  # noqa: S608 - names of models' own columns alone


@lru_cache
def _converters(model: type[Model], alias: str) -> list[tuple[int, list[Callable[..., Any]], Any]]:
    """Return what makes Python values of a row's columns, where there is anything to do, by their place."""
    connection, found = connections[alias], []
    for index, field in enumerate(model._meta.concrete_fields):
        column = Col(model._meta.db_table, field)
        functions = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if functions:
            found.append((index, functions, column))
    return found
