"""Migrated databases, and a server of the site on each of them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.crashes import fleet as crashing
from tests.scale import fleet as fleets
from tests.scale.fleet import Fleet


@pytest.fixture(scope="session")
def sqlite_url(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the DATABASE_URL of a migrated file."""
    from django.db import connections

    file = tmp_path_factory.mktemp("sqlite") / "site.sqlite3"
    tests_own = connections["default"]
    # pytest-django makes it where a test of the run asks for it.
    if tests_own.vendor == "sqlite" and Path(tests_own.settings_dict["NAME"]).name == "test.sqlite3":
        with closing(sqlite3.connect(tests_own.settings_dict["NAME"])) as source, closing(sqlite3.connect(file)) as to:
            source.backup(to)
    else:
        environment = fleets.environment_of(f"sqlite:///{file}", "", 0, VAR_DIR=str(file.parent))
        command = [sys.executable, str(fleets.ROOT / "manage.py"), "migrate", "-v0"]
        subprocess.run(command, cwd=fleets.ROOT, env=environment, check=True)
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def serve(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Fleet]]:
    """Return what starts a server on an engine ("postgresql" or "sqlite"), once for the same variables."""
    running: dict[Any, Fleet] = {}
    with ExitStack() as stack:

        def start(engine: str, **variables: str) -> Fleet:
            key = (engine, *sorted(variables.items()))
            if key not in running:
                url = request.getfixturevalue("postgres_url" if engine == "postgresql" else "sqlite_url")
                directory = tmp_path_factory.mktemp("crashes")
                url = fleets.new_database(url) if engine == "postgresql" else copied(url, directory)
                running[key] = stack.enter_context(crashing.running(directory, url, **variables))
            return running[key]

        yield start


def copied(sqlite_url: str, directory: Path) -> str:
    """Copy a database file; return the URL of the copy."""
    file = directory / "site.sqlite3"
    with (
        closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as source,
        closing(sqlite3.connect(file)) as to,
    ):
        source.backup(to)
    return f"sqlite:///{file}"
