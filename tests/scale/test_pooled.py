"""Behind PgBouncer in transaction mode, by a pool in each process, and with sessions in the database alone."""

from collections.abc import Iterator

import pytest
import requests

from tests.scale import bouncer
from tests.scale import fleet as fleets
from tests.scale.application import Application
from tests.scale.test_once import at_once, is_signed_in, sign_out

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]


@pytest.fixture(scope="module")
def pooled(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[fleets.Fleet]:
    """Run two hosts whose processes share few connections."""
    settings = {"DATABASE_POOL": "1-4", "DISABLE_SERVER_SIDE_CURSORS": "true", "SESSIONS_IN_CACHE": "false"}
    # Debian's PgBouncer is older than 1.21, which keeps statements.
    settings["DATABASE_PREPARE_THRESHOLD"] = "off"
    directory = tmp_path_factory.mktemp("pooled")
    with bouncer.bouncing(postgres_url) as url, fleets.running(directory, url, redis_url, **settings) as running:
        yield running


@pytest.fixture
def customer(pooled: fleets.Fleet) -> Application:
    """Return an application and its person."""
    return Application(pooled, pooled.console("person"))


def test_sign_in_goes_through_any_process_by_any_connection(pooled: fleets.Fleet, customer: Application) -> None:
    tokens = customer.served()
    for host in pooled.hosts * 3:
        tokens = customer.refresh(host, tokens["refresh_token"]).json()
        assert customer.userinfo(host, tokens["access_token"]).status_code == 200


def test_locks_hold_where_connections_change_hands(pooled: fleets.Fleet, customer: Application) -> None:
    token = customer.served()["refresh_token"]
    answers = at_once(pooled, lambda host: customer.refresh(host, token), times=6)
    assert sum(answer.status_code == 200 for answer in answers) <= 1
    assert {answer.status_code for answer in answers} <= {200, 400}


def test_commands_run_that_read_row_by_row(pooled: fleets.Fleet, customer: Application) -> None:
    customer.served()
    # By the console, which shares the connections as every process does.
    command = pooled.console
    assert customer.made["client_id"] in command("command", name="applications", arguments=["list"])
    assert "Ada" in command("command", name="export_person", arguments=[customer.made["username"]])
    for name in ("prune_provider", "end_consents", "warn_expiring_secrets", "deliver_outbox", "prune_consumer"):
        command("command", name=name, arguments=[])


def test_session_ended_at_one_host_is_dead_at_the_other(pooled: fleets.Fleet, customer: Application) -> None:
    kept = requests.Session()
    kept.cookies.update(customer.browser.cookies)
    assert [is_signed_in(pooled, kept, host) for host in pooled.hosts] == [True, True]
    sign_out(customer.person, f"{pooled.sites.provider}/accounts/logout/")
    assert [is_signed_in(pooled, kept, host) for host in pooled.hosts] == [False, False]
