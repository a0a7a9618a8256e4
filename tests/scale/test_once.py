"""What may happen once, or so often, happens once among all processes: codes, tokens, guesses, sign-outs."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.flows.test_linking import Visitor
from tests.flows.web_person import Person
from tests.scale.application import Application
from tests.scale.fleet import TIMEOUT, Fleet, Host

GRANT = "urn:ietf:params:oauth:grant-type:device_code"

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]


def at_once(fleet: Fleet, ask: Callable[[Host], requests.Response], times: int = 3) -> list[requests.Response]:
    """Ask every host so many times, all together."""
    with ThreadPoolExecutor(times * len(fleet.hosts)) as pool:
        return list(pool.map(ask, fleet.hosts * times))


def test_code_of_one_host_buys_tokens_once_among_all(fleet: Fleet, visit: Application) -> None:
    visit.served()
    code = visit.code()
    answers = at_once(fleet, lambda host: visit.redeem(host, code))
    assert Counter(answer.status_code for answer in answers)[200] <= 1
    assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status_code != 200)


def test_code_replayed_at_another_host_kills_what_it_bought(fleet: Fleet, visit: Application) -> None:
    visit.served()
    one, other = fleet.hosts
    code = visit.code()
    tokens = visit.redeem(one, code).json()
    assert visit.userinfo(other, tokens["access_token"]).status_code == 200
    assert visit.redeem(other, code).json()["error"] == "invalid_grant"
    assert visit.userinfo(one, tokens["access_token"]).status_code == 401


def test_refresh_token_is_renewed_once_among_all(fleet: Fleet, visit: Application) -> None:
    token = visit.served()["refresh_token"]
    answers = at_once(fleet, lambda host: visit.refresh(host, token))
    assert Counter(answer.status_code for answer in answers)[200] <= 1
    assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status_code != 200)


def test_refresh_token_used_again_at_another_host_kills_its_family(fleet: Fleet, visit: Application) -> None:
    first = visit.served()
    one, other = fleet.hosts
    second = visit.refresh(one, first["refresh_token"]).json()
    assert visit.userinfo(other, second["access_token"]).status_code == 200
    assert visit.refresh(other, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert visit.userinfo(one, second["access_token"]).status_code == 401
    assert visit.refresh(one, second["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.fixture
def television(fleet: Fleet) -> Application:
    """Return a device's application and its person."""
    return Application(fleet, fleet.console("device"))


def begin(television: Application) -> dict[str, Any]:
    """Let a device ask for its codes."""
    form = {"scope": "openid nickname offline_access"}
    host = television.fleet.hosts[0]
    answer = television.fleet.at(host, "POST", "/o/device_authorization/", data=form, auth=television.credentials)
    codes: dict[str, Any] = answer.json()
    return codes


def test_device_code_allowed_at_one_host_buys_tokens_once_among_all(
    fleet: Fleet, television: Application, console: Any
) -> None:
    codes = begin(television)
    television.person.allow_device(codes["verification_uri_complete"], allow=("nickname", "offline_access"))
    form = {"grant_type": GRANT, "device_code": codes["device_code"]}
    answers = at_once(fleet, lambda host: television.token(host, **form))
    found = Counter(answer.status_code for answer in answers)
    assert found[200] <= 1
    console("let_device_wait", user_code=codes["user_code"])
    statuses = [television.token(host, **form).status_code for host in fleet.hosts]
    assert found[200] + statuses.count(200) == 1, (found, statuses)


def test_guesses_of_user_codes_are_counted_among_all(television: Application) -> None:
    browser = television.browser
    address = f"{television.fleet.sites.provider}/o/device/"
    browser.get(address, timeout=TIMEOUT)
    answers = []
    for _guess in range(7):
        sent = {"user_code": "BCDF-GHJK", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answers.append(browser.post(address, data=sent, headers={"Referer": address}, timeout=TIMEOUT).status_code)
    # Five are free for a person, wherever they are made.
    assert answers[:4].count(429) == 0, answers
    assert answers[5:] == [429, 429], answers


def test_wrong_passwords_are_counted_among_all(fleet: Fleet, visit: Application) -> None:
    address = f"{fleet.sites.provider}/accounts/login/"
    browser = fleet.browser()
    pages = []
    browser.get(address, timeout=TIMEOUT)
    for _guess in range(7):
        sent = {"login": visit.made["username"], "password": "wrong"}
        sent["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        pages.append(browser.post(address, data=sent, headers={"Referer": address}, timeout=TIMEOUT).text)
    refused = ["Too many failed login attempts" in page for page in pages]
    # allauth's limit for one account (ACCOUNT_RATE_LIMITS): five in five minutes.
    assert refused == [False] * 5 + [True] * 2, refused


def is_signed_in(fleet: Fleet, browser: requests.Session, host: Host) -> bool:
    """Return whether a host knows who sits at the browser."""
    with fleet.browser(only=host) as other:
        other.cookies.update(browser.cookies)
        answer = other.get(f"{fleet.sites.provider}/o/apps/", allow_redirects=False, timeout=TIMEOUT)
    assert answer.status_code in {200, 302}
    return bool(answer.status_code == 200)


def sign_out(person: Person, address: str) -> None:
    """Sign out by the page."""
    person._go("get", address)
    person._submit("csrfmiddlewaretoken")


def test_session_ended_at_one_host_is_dead_at_the_other(fleet: Fleet, visit: Application) -> None:
    kept = requests.Session()
    kept.cookies.update(visit.browser.cookies)
    assert [is_signed_in(fleet, kept, host) for host in fleet.hosts] == [True, True]
    sign_out(visit.person, f"{fleet.sites.provider}/accounts/logout/")
    assert [is_signed_in(fleet, kept, host) for host in fleet.hosts] == [False, False]


def test_logout_token_is_obeyed_once_among_all(fleet: Fleet, visit: Application, console: Any) -> None:
    client_id = console("calendar", port=fleet.sites.port)
    visitor = Visitor()
    visitor.session = fleet.browser()
    visitor.session.cookies.update(visit.browser.cookies)
    visitor.open(f"{fleet.sites.consumer}/accounts/login/")
    visitor.send("/accounts/house/login/")
    visitor.send('name="decision"', decision="allow")
    assert visitor.response.url.startswith(fleet.sites.consumer), visitor.response.url
    calendar = f"{fleet.sites.consumer}/calendar/"
    assert visitor.session.get(calendar, allow_redirects=False, timeout=TIMEOUT).status_code == 200
    token = console("logout_token", client_id=client_id, username=visit.made["username"])
    address = f"{fleet.sites.consumer}/accounts/house/logout/backchannel/"

    def tell(host: Host) -> requests.Response:
        with fleet.browser(only=host) as server:
            return server.post(address, data={"logout_token": token}, timeout=TIMEOUT)

    # A provider that tells it again hears that it is done; it is obeyed once.
    assert {answer.status_code for answer in at_once(fleet, tell)} == {200}
    assert console("receipts") == 1
    for _host in fleet.hosts:
        assert visitor.session.get(calendar, allow_redirects=False, timeout=TIMEOUT).status_code == 302


def test_wrong_secrets_are_counted_among_all(fleet: Fleet, visit: Application) -> None:
    here, there = fleet.hosts
    sent = {"grant_type": "client_credentials", "client_id": visit.made["client_id"], "client_secret": "guessed"}

    def guess(host: Host) -> int:
        return fleet.at(host, "POST", "/o/token/", data=sent).status_code

    for _time in range(2):  # where the minute that is counted ends in between, in the next
        while guess(here) != 429:
            pass
        seen = [guess(there) for _one in range(3)]
        if guess(here) == 429:
            break
    # The other host learns by its own first wrong one that there have been too many.
    assert seen[-1] == 429, seen
