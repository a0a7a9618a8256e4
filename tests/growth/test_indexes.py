"""Indexes are made on tables in use, once, and again where an interrupted run left one half-made."""

from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from keyset_lists import concurrently
from provider_site.models import Registration

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="others lock the table, and know no half of an index"),
]
INDEX = models.Index(fields=["description"], name="planted_index")


@pytest.fixture
def editor() -> Any:
    with connection.schema_editor(atomic=False) as editor:
        yield editor
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS planted_index")


def made(editor: Any) -> list[str]:
    """Make the index; return the statements that changed something."""
    with CaptureQueriesContext(connection) as captured:
        concurrently.add(editor, Registration, INDEX)
    return [sql.split("INDEX")[0] + "INDEX" for query in captured if "INDEX" in (sql := query["sql"] or "")]


def is_whole() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'planted_index'::regclass")
        return bool(cursor.fetchone()[0])


def test_index_is_made_once_without_a_lock_that_writes_wait_for(editor: Any) -> None:
    with CaptureQueriesContext(connection) as captured:
        concurrently.add(editor, Registration, INDEX)
    assert any("CREATE INDEX CONCURRENTLY" in (query["sql"] or "") for query in captured)
    assert is_whole()
    assert made(editor) == []


def test_index_left_half_made_is_made_again(editor: Any) -> None:
    concurrently.add(editor, Registration, INDEX)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'planted_index'::regclass")
    assert made(editor) == ["DROP INDEX", "CREATE INDEX"]
    assert is_whole()


def test_indexes_of_the_lists_are_there() -> None:
    applied = MigrationRecorder(connection).applied_migrations()
    assert {("provider_site", "0009_lists"), ("consumer_site", "0004_lists"), ("project", "0001_lists")} <= set(applied)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'i'")
        names = {name for (name,) in cursor.fetchall()}
    assert {"provider_site_by_status", "provider_site_app_by_name", "consumer_token_ended"} <= names
    assert {"project_staff", "project_superuser", "project_inactive"} <= names
    assert {"project_task_newest", "project_task_by_status"} <= names
