"""Rows by the hundred thousand, written by the database itself."""

from typing import Any

from django.db import connection
from django.db.models import NOT_PROVIDED

_MOMENT = "'2026-01-01 00:00:00'"


def fill(model: Any, columns: dict[str, str], *, count: int) -> None:
    """Insert `count` rows; `columns` maps a column to an SQL expression of `i`, which counts from 1 (`%%` for `%`).

    A column that isn't named gets its default; a moment that has none is that of `_MOMENT`.
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
            value = _MOMENT
        else:
            value = "%s"
            parameters.append(field.get_db_prep_save(field.get_default(), connection))
        names.append(connection.ops.quote_name(field.column))
        values.append(value)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    with connection.cursor() as cursor:
        # Texts of the tests' own, never of a request.
        table = connection.ops.quote_name(model._meta.db_table)
        select = ", ".join(values)
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {numbers} SELECT {select} FROM n", parameters)


def padded(width: int) -> str:
    """Return an expression for `i` as a text with leading zeros."""
    return f"substr('{'0' * width}', 1, {width} - length(CAST(i AS text))) || i"


def _moment(text: str) -> str:
    """Return the expression of a text as one of a moment: PostgreSQL casts no computed text by itself."""
    return f"CAST({text} AS timestamp with time zone)" if connection.vendor == "postgresql" else text


def access_tokens(*, count: int, user: str, application: str) -> None:
    """Insert access tokens; `user` and `application` are SQL expressions of `i`."""
    from oauth2_provider.models import get_access_token_model

    columns = {
        "user_id": user,
        "application_id": application,
        "token_checksum": padded(8),
        "scope": "'openid nickname'",
        "expires": "'2099-01-01 00:00:00'",
    }
    fill(get_access_token_model(), columns, count=count)


def audit_events(*, count: int, actor: str = "NULL", application: str = "NULL", client_id: str = "''") -> None:
    """Insert audit events of three kinds over the days of one month."""
    from provider_site.models import AuditEvent

    given, refused = "'consent.given'", "'consent.refused'"
    zero = "CASE WHEN i %% 28 < 9 THEN '0' ELSE '' END"
    columns = {
        "at": _moment(f"'2026-01-' || {zero} || (1 + i %% 28) || ' 00:00:00'"),
        "action": f"CASE i %% 5 WHEN 0 THEN 'application.changed' WHEN 1 THEN {refused} ELSE {given} END",
        "actor_id": actor,
        "actor_name": "'person' || (i %% 1000)",
        "application_id": application,
        "client_id": client_id,
    }
    fill(AuditEvent, columns, count=count)


def consents(*, count: int, user: str, application: str) -> None:
    """Insert consents that are over, so that any number fits one person and application."""
    from provider_site.models import Consent

    columns = {"user_id": user, "application_id": application, "scope": "'openid'", "closed_at": _MOMENT}
    # Nearly all for one reason: who narrows the list to another has it found by an index, or reads them all.
    columns["closed_reason"] = "CASE WHEN i % 10000 THEN 'ended' ELSE 'withdrawn' END"
    fill(Consent, columns, count=count)


def count(model: Any, **filters: Any) -> int:
    """Return how many rows there are."""
    return int(model._base_manager.filter(**filters).count())
