"""PostgreSQL goes down, comes back, and loses its connections, while the same processes go on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from tests.crashes import fleet as crashing
from tests.crashes import integrity, servers
from tests.scale import fleet as fleets
from tests.scale.application import Application
from tests.scale.fleet import Fleet

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
THREADS = 4


@pytest.fixture(scope="module")
def postgresql() -> Iterator[servers.PostgreSQL]:
    """Return a PostgreSQL of this module's own."""
    with servers.running(servers.PostgreSQL) as server:
        yield server


@pytest.fixture(scope="module")
def fleet(postgresql: servers.PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Run one process of four threads."""
    url = fleets.new_database(postgresql.url)
    with crashing.running(tmp_path_factory.mktemp("databases"), url, workers=1, threads=THREADS) as running:
        yield running


@pytest.fixture
def visit(fleet: Fleet) -> Application:
    """Return an application that is at work."""
    return Application(fleet, fleet.console("person"))


def is_honest(answer: requests.Response) -> bool:
    """Tell whether an answer says that the database is not there now, and when to ask again."""
    return (
        answer.status_code == 503
        and int(answer.headers["Retry-After"]) > 0
        and answer.headers["Cache-Control"] == "no-store"
    )


def every_thread(visit: Application, token: str) -> list[int]:
    """Ask so often at once that each thread answers; return the statuses."""
    host = visit.fleet.hosts[0]
    with ThreadPoolExecutor(2 * THREADS) as pool:
        return list(pool.map(lambda _turn: visit.userinfo(host, token).status_code, range(4 * THREADS)))


def workers_of(fleet: Fleet) -> list[str]:
    """Return the processes that were ever begun."""
    return [line for line in crashing.log_of(fleet).splitlines() if "Booting worker" in line]


def test_connections_that_are_cut_between_requests_are_replaced_unseen(
    visit: Application, postgresql: servers.PostgreSQL
) -> None:
    tokens = visit.served()
    for _time in range(2):
        assert every_thread(visit, tokens["access_token"]) == [200] * 4 * THREADS
        assert postgresql.cut() > 0
        assert every_thread(visit, tokens["access_token"]) == [200] * 4 * THREADS


def test_request_whose_connection_is_cut_is_a_503_and_the_next_one_is_answered(
    visit: Application, postgresql: servers.PostgreSQL
) -> None:
    tokens = visit.served()
    host, url = visit.fleet.hosts[0], visit.fleet.environment["DATABASE_URL"]
    with psycopg.connect(url) as other, ThreadPoolExecutor(1) as pool:
        # The request waits for this row while its connection ends.
        other.execute("SELECT id FROM provider_site_authorization FOR UPDATE")
        waits = pool.submit(visit.refresh, host, tokens["refresh_token"])
        ended = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(url, autocommit=True) as third:
            while third.execute(ended).fetchone() == (0,):  # type: ignore[arg-type]
                if waits.done():
                    break
        other.rollback()
        answer = waits.result()
    # The refresh takes the row of its token, or of its family: whichever way, its client may try again.
    if answer.status_code != 200:
        assert is_honest(answer), (answer.status_code, answer.text)
        answer = visit.refresh(host, tokens["refresh_token"])
    assert answer.status_code == 200, answer.text
    assert integrity.broken(url) == {}


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT], ids=["crashed", "restarted"])
def test_site_is_honest_while_the_server_is_down_and_goes_on_when_it_is_back(
    visit: Application, postgresql: servers.PostgreSQL, how: signal.Signals
) -> None:
    tokens = visit.served()
    code, fleet, host = visit.code(), visit.fleet, visit.fleet.hosts[0]
    begun = workers_of(fleet)
    postgresql.end(how)
    try:
        asked = [visit.userinfo(host, tokens["access_token"]), visit.redeem(host, code)]
        page = visit.browser.get(f"{fleet.sites.provider}/o/apps/", timeout=fleets.TIMEOUT)
    finally:
        postgresql.start()
    for answer in [*asked, page]:
        assert is_honest(answer), (answer.status_code, answer.headers, answer.text[:2000])
    assert {answer.json()["error"] for answer in asked} == {"temporarily_unavailable"}
    assert "This site can’t answer just now" in page.text
    assert every_thread(visit, tokens["access_token"]) == [200] * 4 * THREADS
    assert visit.redeem(host, code).status_code == 200
    assert visit.refresh(host, tokens["refresh_token"]).status_code == 200
    assert visit.browser.get(f"{fleet.sites.provider}/o/apps/", timeout=fleets.TIMEOUT).status_code == 200
    assert integrity.broken(fleet.environment["DATABASE_URL"]) == {}
    assert workers_of(fleet) == begun, "a worker had to be restarted"
