"""The clock of a running server is set a day forward and back: nothing fails, and no token lives for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from provider_site.services import limits
from tests import machine
from tests.crashes import fleet as crashing
from tests.crashes.conftest import copied
from tests.scale.application import Application
from tests.scale.fleet import Fleet


class Clock:
    """The clock of a fleet's processes, read from a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        """Set it so far from the machine's own: `+1d`, `-1d`."""
        self.file.write_text(f"{offset}\n")

    def variables(self) -> dict[str, str]:
        """Return what gives it to a process (faketime(1)); time that only passes is nobody's to set."""
        return {
            "LD_PRELOAD": str(machine.faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


@pytest.fixture(scope="module")
def served(sqlite_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Clock]]:
    """Run a server whose clock can be set."""
    directory = tmp_path_factory.mktemp("clock")
    clock = Clock(directory / "clock")
    url = copied(sqlite_url, directory)
    with crashing.running(directory, url, workers=1, threads=2, RATE_LIMITS="{}", **clock.variables()) as fleet:
        yield fleet, clock


@pytest.fixture
def visit(served: tuple[Fleet, Clock]) -> Application:
    """Return an application at work, the clock right."""
    fleet, clock = served
    clock.set("+0")
    return Application(fleet, fleet.console("person"))


def tokens_of(visit: Application) -> dict[str, str]:
    """Get tokens by a code."""
    answer = visit.redeem(visit.fleet.hosts[0], visit.code())
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def is_active(visit: Application, token: str) -> bool:
    """Ask the introspection endpoint."""
    form = {"token": token}
    answer = visit.fleet.at(visit.fleet.hosts[0], "POST", "/o/introspect/", data=form, auth=visit.credentials)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["active"])


def error(answer: requests.Response) -> str:
    """Return the error of a refusal."""
    assert answer.status_code == 400, (answer.status_code, answer.text)
    return str(answer.json()["error"])


@pytest.mark.slow
def test_clock_a_day_ahead_ends_what_is_short_lived_and_lets_clients_go_on(
    visit: Application, served: tuple[Fleet, Clock]
) -> None:
    fleet, clock = served
    host, tokens, code = fleet.hosts[0], tokens_of(visit), visit.code()
    clock.set("+1d")
    assert visit.userinfo(host, tokens["access_token"]).status_code == 401
    assert not is_active(visit, tokens["access_token"])
    assert error(visit.redeem(host, code)) == "invalid_grant"
    renewed = visit.refresh(host, tokens["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert visit.userinfo(host, renewed.json()["access_token"]).json()["nickname"] == "Ada"
    assert is_active(visit, tokens_of(visit)["access_token"])


@pytest.mark.slow
def test_clock_set_back_by_a_day_leaves_everything_working_and_nothing_for_ever(
    visit: Application, served: tuple[Fleet, Clock]
) -> None:
    fleet, clock = served
    host = fleet.hosts[0]
    clock.set("+1d")
    early, code = tokens_of(visit), visit.code()
    clock.set("+0")
    # Made tomorrow: their ends are those they were given then, and not a moment later.
    assert visit.userinfo(host, early["access_token"]).status_code in {200, 401}
    assert visit.redeem(host, code).status_code in {200, 400}
    assert visit.refresh(host, early["refresh_token"]).status_code in {200, 400}
    late = tokens_of(visit)
    assert visit.userinfo(host, late["access_token"]).json()["nickname"] == "Ada"
    assert is_active(visit, late["access_token"])
    assert visit.refresh(host, late["refresh_token"]).status_code == 200
    # A code is spent once, whatever time it is.
    assert error(visit.redeem(host, code)) == "invalid_grant"
    assert fleet.at(host, "GET", "/.well-known/jwks.json").status_code == 200
    clock.set("+3d")
    assert not is_active(visit, early["access_token"])
    assert visit.userinfo(host, early["access_token"]).status_code == 401
    assert "Traceback" not in crashing.log_of(fleet), crashing.log_of(fleet)[-5000:]


def test_nobody_waits_longer_than_a_limit_s_time_because_the_clock_was_set_back(
    settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "RATE_LIMITS": {"token": "2/m"}}  # type: ignore[attr-defined]
    now = 1_800_000_000.0
    monkeypatch.setattr(limits.time, "time", lambda: now)
    assert [bool(limits.spend("token", "somebody")) for _time in range(3)] == [False, False, True]
    now -= 86_400
    assert limits.waiting("token", "somebody") == 0
    assert limits.spend("token", "somebody") == 0
