"""Look for a text in everything that is stored."""

from django.db import connection


def holding(text: str) -> set[str]:
    """Return the names of the columns of all tables that hold ``text`` somewhere, as ``table.column``."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found |= {f"{table}.{name}" for name, value in zip(names, row, strict=True) if text in _text(value)}
    return found


def _text(value: object) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)
