"""Redis goes, hangs and comes back: people sign in, clients use tokens, guesses are counted all the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.crashes import fleet as crashing
from tests.crashes import servers
from tests.crashes.conftest import copied
from tests.factories import PASSWORD
from tests.scale.application import Application
from tests.scale.fleet import TIMEOUT, Fleet

pytestmark = [pytest.mark.redis, pytest.mark.slow]
# Of project/databases.py: what one request waits for a Redis that hangs.
SOCKET_TIMEOUT = 2


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Redis]:
    """Return a Redis of this module's own."""
    with servers.running(servers.Redis) as server:
        yield server


@pytest.fixture(scope="module")
def fleet(redis: servers.Redis, sqlite_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Run one process whose sessions and limits are in Redis, and are limited as they come."""
    directory = tmp_path_factory.mktemp("caches")
    url = copied(sqlite_url, directory)
    with crashing.running(directory, url, redis.url, workers=1, threads=2, RATE_LIMITS="{}") as running:
        yield running


def sign_in(fleet: Fleet, visit: Application, password: str = PASSWORD) -> requests.Response:
    """Sign in by the page, in a new browser."""
    address = f"{fleet.sites.provider}/accounts/login/"
    browser = fleet.browser()
    browser.get(address, timeout=TIMEOUT)
    form = {"login": visit.made["username"], "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    return browser.post(address, data=form, headers={"Referer": address}, timeout=TIMEOUT, allow_redirects=False)


def everything_works(fleet: Fleet, visit: Application) -> None:
    """Sign in, get a code, tokens, new tokens, and use them."""
    host = fleet.hosts[0]
    signed_in = sign_in(fleet, visit)
    assert signed_in.status_code == 302, signed_in.text[:2000]
    tokens = visit.redeem(host, visit.code())
    assert tokens.status_code == 200, tokens.text
    tokens = visit.refresh(host, tokens.json()["refresh_token"])
    assert tokens.status_code == 200, tokens.text
    assert visit.userinfo(host, tokens.json()["access_token"]).json()["nickname"] == "Ada"
    form = {"token": tokens.json()["access_token"]}
    assert fleet.at(host, "POST", "/o/introspect/", data=form, auth=visit.credentials).json()["active"] is True
    apps = visit.browser.get(f"{fleet.sites.provider}/o/apps/", timeout=TIMEOUT, allow_redirects=False)
    assert apps.status_code == 200


def gone(redis: servers.Redis) -> None:
    """End Redis."""
    redis.end()


def hanging(redis: servers.Redis) -> None:
    """Let Redis hang."""
    redis.hang()


def full(redis: servers.Redis) -> None:
    """Leave Redis no memory for anything new."""
    redis.bound("1")


def comes_back(redis: servers.Redis) -> None:
    """Let Redis serve again, whichever way it had stopped to."""
    if redis.process is None:
        redis.start()
    else:
        redis.go_on()
        redis.bound("0")


@pytest.fixture(params=[gone, hanging, full], ids=["gone", "hangs", "full"])
def out_of_order(request: pytest.FixtureRequest, redis: servers.Redis) -> Iterator[Callable[[], None]]:
    """Return what puts Redis out of order; it is back behind the test."""
    yield lambda: request.param(redis)
    comes_back(redis)


@pytest.fixture
def visit(fleet: Fleet) -> Application:
    """Return an application that is at work."""
    visit = Application(fleet, fleet.console("person"))
    visit.served()
    return visit


def test_site_goes_on_without_redis_and_comes_back_to_it(
    fleet: Fleet, visit: Application, redis: servers.Redis, out_of_order: Callable[[], None]
) -> None:
    said = len(crashing.log_of(fleet))
    out_of_order()
    everything_works(fleet, visit)
    began = time.monotonic()
    everything_works(fleet, visit)
    requests_made = 12
    # Not each request waits for it, and none twice.
    assert time.monotonic() - began < requests_made * SOCKET_TIMEOUT
    comes_back(redis)
    deadline = time.monotonic() + 60
    page = f"{fleet.sites.provider}/o/apps/"
    while "Redis answers again" not in crashing.log_of(fleet)[said:]:
        assert time.monotonic() < deadline, crashing.log_of(fleet)[-3000:]
        assert visit.browser.get(page, timeout=TIMEOUT, allow_redirects=False).status_code == 200
    # A hang may leave allauth's lock of an address behind, which ends after ten seconds.
    while sign_in(fleet, visit).status_code == 429:
        assert time.monotonic() < deadline
    everything_works(fleet, visit)
    assert servers.longest(redis) > 0, "no session is copied there again"
    # Said once for an outage: the process may know it from the test before.
    assert "Redis is gone" in crashing.log_of(fleet)


# Once: behind an address there may be ten wrong ones in a minute, whichever the account.
@pytest.mark.parametrize("out_of_order", [hanging], ids=["hangs"], indirect=True)
def test_guesses_are_counted_by_the_process_while_redis_is_gone(
    fleet: Fleet, visit: Application, out_of_order: Callable[[], None]
) -> None:
    out_of_order()
    pages = [sign_in(fleet, visit, "wrong").text for _guess in range(7)]
    # allauth's limit for one account (ACCOUNT_RATE_LIMITS): five in five minutes.
    assert ["Too many failed login attempts" in page for page in pages] == [False] * 5 + [True] * 2
    # Everybody else is let in.
    everything_works(fleet, Application(fleet, fleet.console("person")))


def test_session_that_ends_while_redis_is_gone_is_over_at_once_and_stays_over(
    fleet: Fleet, visit: Application, redis: servers.Redis
) -> None:
    page = f"{fleet.sites.provider}/o/apps/"
    kept = requests.Session()
    kept.cookies.update(visit.browser.cookies)

    def is_signed_in() -> bool:
        with fleet.browser() as other:
            other.cookies.update(kept.cookies)
            return other.get(page, allow_redirects=False, timeout=TIMEOUT).status_code == 200

    assert is_signed_in()
    redis.hang()
    try:
        visit.person._go("get", f"{fleet.sites.provider}/accounts/logout/")
        visit.person._submit("csrfmiddlewaretoken")
        assert not is_signed_in()
    finally:
        redis.go_on()
    # What Redis has kept of the session is no copy to go by for longer than a minute (project/caches.py).
    assert servers.longest(redis) <= 60
