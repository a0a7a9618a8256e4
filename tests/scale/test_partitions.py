"""Token tables partitioned by docs/partitioning.md: everything works as it did, and a week goes by dropping a table."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.scale import partitioned
from tests.scale.fleet import new_database

ROOT = Path(__file__).resolve().parents[2]
# What rotates, replays, revokes, expires and prunes tokens.
SUITES = ["tests/security/test_refresh_replay.py", "tests/security/test_code_replay.py", "tests/spec/test_rfc7009.py"]
SUITES += ["tests/provider/services/test_pruning.py"]
TABLES = ("oauth2_provider_accesstoken", "oauth2_provider_refreshtoken")

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def environment_of(database_url: str, directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"CACHE_URL", "SITES", "PROVIDER_URL"}}
    named = {"DATABASE_URL": database_url, "VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "project.settings"}
    return {name: value for name, value in kept.items() if not name.startswith("PYTEST")} | named


@pytest.fixture
def database(postgres_url: str) -> Iterator[Any]:
    """Return a connection to a new database with the tables as migrations make them."""
    with psycopg.connect(new_database(postgres_url), autocommit=True) as connection:
        yield connection


def one(database: Any, statement: str) -> Any:
    return database.execute(statement).fetchone()[0]


def test_rows_stay_where_they_are_and_a_week_that_is_over_is_dropped(database: Any) -> None:
    add = "INSERT INTO oauth2_provider_{} (token, token_checksum, created, updated{}) VALUES ('', '{}', {}, now(){})"
    access = (", expires, scope, resource", ", now(), '', '[]'")
    refresh = (", resource", ", '[]'")

    def insert(table: str, number: int, created: str) -> None:
        columns, values = access if table == "accesstoken" else refresh
        if table == "refreshtoken":
            columns, values = columns + ", application_id, user_id", values + ", NULL, NULL"
        database.execute(add.format(table, columns, f"{number:064}", created, values))

    insert("accesstoken", 1, "now()")
    before = one(database, "SELECT id FROM oauth2_provider_accesstoken")
    database.execute(partitioned.recipe("sql: partition"))
    for _time in range(2):
        database.execute(partitioned.recipe("sql: weekly"))
    assert one(database, "SELECT tableoid::regclass::text FROM oauth2_provider_accesstoken").endswith("_old")
    insert("accesstoken", 2, "now() + interval '20 days'")
    assert one(database, "SELECT max(id) FROM oauth2_provider_accesstoken") == before + 1
    insert("accesstoken", 3, "now() + interval '300 days'")
    where = "SELECT tableoid::regclass::text FROM oauth2_provider_accesstoken WHERE token_checksum LIKE '%{}'"
    assert one(database, where.format(3)).endswith("_late")
    assert "w" in one(database, where.format(2)).removeprefix("oauth2_provider_accesstoken_")
    for table in TABLES:
        assert one(database, f"SELECT count(*) FROM pg_inherits WHERE inhparent = '{table}'::regclass") == 8
    # A clock seven weeks on: the first rows are over, and those of the third week are not.
    later = partitioned.recipe("sql: weekly").replace("now()", "(now() + interval '50 days')")
    database.execute(later)
    assert one(database, "SELECT count(*) FROM oauth2_provider_accesstoken WHERE token_checksum LIKE '%1'") == 0
    assert one(database, "SELECT count(*) FROM oauth2_provider_accesstoken WHERE token_checksum LIKE '%2'") == 1
    assert one(database, "SELECT to_regclass('oauth2_provider_accesstoken_old') IS NULL")


def test_tokens_are_rotated_replayed_revoked_and_pruned_as_ever(postgres_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.scale.partitioned"]
    # The builds without a defence are for any database; what they take away is written in SQLite's words, too.
    command += ["-m", "not weakened and not soak"]
    environment = environment_of(postgres_url, tmp_path) | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *SUITES], cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
