"""SQLite's disk is full: what writes is refused honestly and leaves nothing half written, what reads goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crashes import integrity
from tests.scale.application import Application
from tests.scale.fleet import TIMEOUT, Fleet

pytestmark = pytest.mark.slow
FULL = {"X-Room": "0"}
# Some rows find room in pages that are there, of what others have deleted.
MOST = 1_000


def refused_at_last(visit: Application, token: str) -> str:
    """Renew tokens on a full disk until that is refused; return the refresh token that is still good."""
    host = visit.fleet.hosts[0]
    for _time in range(MOST):
        form = {"grant_type": "refresh_token", "refresh_token": token}
        answer = visit.fleet.at(host, "POST", "/o/token/", data=form, auth=visit.credentials, headers=FULL)
        if answer.status_code != 200:
            assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable"), answer.text
            assert int(answer.headers["Retry-After"]) > 0
            return token
        token = answer.json()["refresh_token"]
    raise AssertionError("the disk was never full")


@pytest.mark.parametrize("lane", ["on", "off"])
def test_full_disk_refuses_what_writes_and_nothing_else(serve: Callable[..., Fleet], lane: str) -> None:
    fleet = serve("sqlite") if lane == "on" else serve("sqlite", FAST_LANE=lane)
    url, host = fleet.environment["DATABASE_URL"], fleet.hosts[0]
    visit = Application(fleet, fleet.console("person"))
    tokens = visit.redeem(host, visit.code()).json()
    headers = FULL | {"Authorization": f"Bearer {tokens['access_token']}"}
    assert fleet.at(host, "GET", "/o/userinfo/", headers=headers).json()["nickname"] == "Ada"
    token = refused_at_last(visit, tokens["refresh_token"])
    assert integrity.broken(url) == {}
    for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json"):
        assert fleet.at(host, "GET", path, headers=FULL).status_code == 200
    page = visit.browser.get(f"{fleet.sites.provider}/o/apps/", headers=FULL, timeout=TIMEOUT)
    assert page.status_code in {200, 503}, page.text[:2000]
    # There is room again, and what was refused is done.
    renewed = visit.refresh(host, token)
    assert renewed.status_code == 200, renewed.text
    assert visit.userinfo(host, renewed.json()["access_token"]).json()["nickname"] == "Ada"
    assert visit.redeem(host, visit.code()).status_code == 200
    assert integrity.broken(url) == {}
