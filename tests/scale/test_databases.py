"""Connections to PostgreSQL: read from the environment, kept without a round trip per request, replaced when dead."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import ConnectionHandler

from project.databases import IDLE_OPTION, read_caches, read_database

SQLITE = "sqlite:///demo.sqlite3"
SERVER = "postgresql://somebody@db.example.com/site"


def read(**environ: str) -> dict[str, Any]:
    return read_database(default_url=SQLITE, environ=environ)


def test_nothing_configured_is_the_embedded_database() -> None:
    database = read()
    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert read_caches(environ={})["default"]["BACKEND"].endswith("LocMemCache")


def test_server_is_kept_connected_and_given_up_when_it_is_gone_without_a_word() -> None:
    database = read(DATABASE_URL=SERVER)
    assert (database["ENGINE"], database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (
        "project.postgresql",
        60,
        True,
    )
    assert database["OPTIONS"]["tcp_user_timeout"] == 30_000
    assert "options" not in database["OPTIONS"]
    assert read(DATABASE_URL=SERVER, CONN_MAX_AGE="600")["CONN_MAX_AGE"] == 600


def test_limits_are_told_to_the_server_in_seconds() -> None:
    database = read(DATABASE_URL=SERVER, DATABASE_STATEMENT_TIMEOUT="15", DATABASE_LOCK_TIMEOUT="5")
    assert database["OPTIONS"]["options"] == "-c statement_timeout=15s -c lock_timeout=5s"


def test_pool_takes_the_place_of_kept_connections() -> None:
    database = read(DATABASE_URL=SERVER, DATABASE_POOL="2-8", CONN_MAX_AGE="600")
    assert database["OPTIONS"]["pool"] == {"min_size": 2, "max_size": 8, "timeout": 10}
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, False)


def test_statements_are_prepared_unless_a_pooler_forbids_it() -> None:
    assert read(DATABASE_URL=SERVER)["OPTIONS"]["prepare_threshold"] == 5
    assert read(DATABASE_URL=SERVER, DATABASE_PREPARE_THRESHOLD="0")["OPTIONS"]["prepare_threshold"] == 0
    assert "prepare_threshold" not in read(DATABASE_URL=SERVER, DATABASE_PREPARE_THRESHOLD="off")["OPTIONS"]


def test_address_s_own_options_win() -> None:
    options = read(DATABASE_URL=f"{SERVER}?connect_timeout=3&sslmode=verify-full")["OPTIONS"]
    assert (int(options["connect_timeout"]), options["sslmode"]) == (3, "verify-full")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_POOL", "many"),
        ("DATABASE_POOL", "8-2"),
        ("DATABASE_POOL", "0"),
        ("CONN_MAX_AGE", "-1"),
        ("DATABASE_STATEMENT_TIMEOUT", "15s"),
        ("DISABLE_SERVER_SIDE_CURSORS", "perhaps"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        read(DATABASE_URL=SERVER, **{name: value})


@pytest.fixture
def _any_database(django_db_blocker: Any) -> Iterator[None]:
    """Let the test open connections of its own."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(params=["kept", "pooled"])
def server(request: pytest.FixtureRequest, postgres_url: str, _any_database: None) -> Iterator[Any]:
    """Return a connection of Django's to a real server, that of a process which answers one request after the other."""
    environ = {"DATABASE_URL": postgres_url} | ({"DATABASE_POOL": "1"} if request.param == "pooled" else {})
    handler = ConnectionHandler({"default": read_database(default_url=SQLITE, environ=environ)})
    connection = handler["default"]
    yield connection
    connection.close()
    if connection.pool:
        connection.close_pool()


def serve(connection: Any) -> int:
    """Do what a request does, and what Django does around it; return the server's process that answered."""
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS mine")
        found: int = cursor.fetchone()[0]
    connection.close_if_unusable_or_obsolete()
    if connection.pool:
        connection.close()
    return found


def last_statement(connection: Any, postgres_url: str, pid: int) -> str:
    """Return what a process of the server was asked last."""
    with psycopg.connect(postgres_url) as other:
        row = other.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    return str(row[0] if row else "")


def begin(connection: Any) -> None:
    """Do what Django does before the first statement of a request."""
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()
    connection.ensure_connection()


@pytest.mark.postgres
@pytest.mark.usefixtures("_any_database")
class TestConnections:
    def test_connection_used_a_moment_ago_is_used_again_without_a_question(
        self, server: Any, postgres_url: str
    ) -> None:
        first = serve(server)
        begin(server)
        assert "mine" in last_statement(server, postgres_url, first)
        assert serve(server) == first

    def test_connection_idle_for_long_is_asked_first(self, server: Any, postgres_url: str) -> None:
        first = serve(server)
        server.settings_dict["OPTIONS"][IDLE_OPTION] = 0
        begin(server)
        assert last_statement(server, postgres_url, first) == "SELECT 1"
        assert serve(server) == first

    def test_connection_that_the_server_has_ended_is_replaced_unseen(self, server: Any, postgres_url: str) -> None:
        first = serve(server)
        with psycopg.connect(postgres_url, autocommit=True) as other:
            # Returns once that process is gone, so that its farewell lies in the socket.
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [first])
        assert serve(server) != first

    def test_setting_of_the_server_holds_for_each_connection(self, postgres_url: str) -> None:
        environ = {"DATABASE_URL": postgres_url, "DATABASE_STATEMENT_TIMEOUT": "7"}
        connection = ConnectionHandler({"default": read_database(default_url=SQLITE, environ=environ)})["default"]
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("7s",)
        connection.close()
