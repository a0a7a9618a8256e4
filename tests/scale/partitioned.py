"""Partition the token tables of the tests' database by docs/partitioning.md: `pytest -p tests.scale.partitioned`."""

from typing import Any

from django.db.models.signals import post_migrate

from tests import readme

GUIDE = "docs/partitioning.md"


def recipe(name: str) -> str:
    """Return one of the guide's scripts."""
    return readme.lines(name, GUIDE, language="sql")


def pytest_configure() -> None:
    """Do it when the tables are there."""
    post_migrate.connect(_partition, dispatch_uid="tests.scale.partitioned")


def _partition(sender: Any, using: str, **_kwargs: Any) -> None:
    from django.db import connections

    connection = connections[using]
    if sender.label != "provider_site" or connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind FROM pg_class WHERE relname = 'oauth2_provider_refreshtoken'")
        if cursor.fetchone() == ("r",):
            for name in ("sql: partition", "sql: weekly"):
                cursor.execute(recipe(name))
