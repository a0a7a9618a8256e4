"""Nothing; one SELECT; one SELECT and one INSERT. The latter two by the ORM and by plain SQL."""

import random
import secrets

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from benchmarks.floor.models import Row
from benchmarks.floor.seed import ROWS

_SELECT = "SELECT id, key, text, created FROM floor_row WHERE key = %s"
_INSERT = "INSERT INTO floor_row (key, text, created) VALUES (%s, %s, %s) RETURNING id"


def _some_key() -> str:
    return f"row-{random.randrange(ROWS)}"  # noqa: S311 - which row is read is no secret


def nothing(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("ok\n")


def select_orm(request: HttpRequest) -> HttpResponse:
    """Read one row by its key."""
    return HttpResponse(Row._default_manager.get(key=_some_key()).text)


def select_sql(request: HttpRequest) -> HttpResponse:
    """Read one row by its key, past the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [_some_key()])
        return HttpResponse(cursor.fetchone()[2])


def insert_orm(request: HttpRequest) -> HttpResponse:
    """Read one row and write another."""
    row = Row._default_manager.get(key=_some_key())
    Row._default_manager.create(key=secrets.token_urlsafe(32), text=row.text)
    return HttpResponse(row.text)


def insert_sql(request: HttpRequest) -> HttpResponse:
    """Read one row and write another, past the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [_some_key()])
        text = cursor.fetchone()[2]
        cursor.execute(_INSERT, [secrets.token_urlsafe(32), text, timezone.now()])
        cursor.fetchone()
    return HttpResponse(text)
