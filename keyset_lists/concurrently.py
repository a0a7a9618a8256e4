"""Indexes made while a table is in use."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex
from django.db.models import Index, Model


def _is_possible(editor: BaseDatabaseSchemaEditor) -> bool:
    return editor.connection.vendor == "postgresql"


def add(editor: Any, model: type[Model], index: Index) -> None:
    """Make an index, on PostgreSQL without a lock that a write waits for; nothing where it is there and whole.

    For a migration that is not atomic. What an interrupted run left behind half-made is made again.
    """
    if not _is_possible(editor):
        editor.add_index(model, index)
        return
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.indisvalid FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid WHERE i.relname = %s"
            " AND pg_table_is_visible(i.oid)",
            [index.name],
        )
        found = cursor.fetchone()
    if found is not None and found[0]:
        return
    if found is not None:
        remove(editor, model, index)
    editor.add_index(model, index, concurrently=True)


def remove(editor: Any, model: type[Model], index: Index) -> None:
    """Take an index away, on PostgreSQL without a lock that a write waits for."""
    if _is_possible(editor):
        editor.remove_index(model, index, concurrently=True)
    else:
        editor.remove_index(model, index)


class AddIndexWhileInUse(AddIndex):
    """Django's ``AddIndex`` for a table that is large and in use, on every database; ``atomic = False`` goes with it.

    PostgreSQL makes it CONCURRENTLY, others as Django does.
    """

    atomic = False

    def describe(self) -> str:
        """Return what Django prints."""
        return f"{super().describe()}, while it is in use"

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            add(schema_editor, model, self.index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Take it away."""
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            remove(schema_editor, model, self.index)


class IndexElsewhere:
    """For ``migrations.RunPython``: an index on a table that another app's migrations make.

    It is the database's alone: that app's state is not told, so its migrations go on as if it were not there.
    """

    def __init__(self, app_label: str, model_name: str, index: Index) -> None:
        self.app_label, self.model_name, self.index = app_label, model_name, index

    def forwards(self, apps: Any, schema_editor: Any) -> None:
        """Make the index."""
        add(schema_editor, apps.get_model(self.app_label, self.model_name), self.index)

    def backwards(self, apps: Any, schema_editor: Any) -> None:
        """Take it away."""
        remove(schema_editor, apps.get_model(self.app_label, self.model_name), self.index)
