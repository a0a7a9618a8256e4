"""What one process changes holds in every other at its very next request, whatever they have kept.

But for the published keys, which each process keeps for a moment (services/key_set.py).
"""

import time
from typing import Any

import pytest
import requests

from provider_site.services import key_set
from tests.scale.application import Application, answer_of, kid_of
from tests.scale.fleet import Fleet

JWKS = "/.well-known/jwks.json"
# Seconds that a busy machine may need beside.
PATIENCE = 20

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]


def everywhere(fleet: Fleet, ask: Any) -> list[int]:
    """Return the status that each host answers with."""
    return [ask(host).status_code for host in fleet.hosts]


def published(fleet: Fleet, *, has: set[str], lacks: str = "") -> list[requests.Response]:
    """Return every host's keys, once what each keeps has had its time; asked again and again meanwhile."""
    answers = []
    for host in fleet.hosts:
        deadline = time.monotonic() + key_set.KEPT + PATIENCE
        while True:
            answer = fleet.at(host, "GET", JWKS)
            kids = {key["kid"] for key in answer.json()["keys"]}
            if has <= kids and lacks not in kids:
                break
            assert time.monotonic() < deadline, (has, lacks, kids)
        answers.append(answer)
    return answers


def test_rotated_key_signs_at_once_and_is_published_in_every_process(
    fleet: Fleet, visit: Application, console: Any
) -> None:
    old = kid_of(visit.served()["id_token"])
    before = published(fleet, has={old})
    signs, following = console("rotate")
    for host in fleet.hosts:
        assert kid_of(visit.redeem(host, visit.code()).json()["id_token"]) == signs != old
    published(fleet, has={old, signs, following})
    for host, answer in zip(fleet.hosts, before, strict=True):
        # What a client has kept is not called fresh any more.
        known = {"If-None-Match": answer.headers["ETag"]}
        assert fleet.at(host, "GET", JWKS, headers=known).status_code == 200


def test_distrusted_key_signs_no_more_and_is_published_by_no_process(
    fleet: Fleet, visit: Application, console: Any
) -> None:
    leaked = kid_of(visit.served()["id_token"])
    published(fleet, has={leaked})
    console("distrust", kid=leaked)
    for host in fleet.hosts:
        assert kid_of(visit.redeem(host, visit.code()).json()["id_token"]) != leaked
    published(fleet, has=set(), lacks=leaked)


def test_suspended_application_is_off_in_every_process_and_on_again_when_reinstated(
    fleet: Fleet, visit: Application, console: Any
) -> None:
    tokens, code = visit.served(), visit.code()
    console("suspend", client_id=visit.made["client_id"])
    assert everywhere(fleet, lambda host: visit.userinfo(host, tokens["access_token"])) == [401, 401]
    assert everywhere(fleet, lambda host: visit.refresh(host, tokens["refresh_token"])) == [401, 401]
    assert everywhere(fleet, lambda host: visit.redeem(host, code)) == [401, 401]
    assert not any(visit.silently(host).headers.get("Location", "").find("code=") >= 0 for host in fleet.hosts)
    console("reinstate", client_id=visit.made["client_id"])
    for host in fleet.hosts:
        assert visit.userinfo(host, tokens["access_token"]).status_code == 401
        assert visit.userinfo(host, visit.redeem(host, visit.code()).json()["access_token"]).status_code == 200


def test_revoked_secret_authenticates_nobody_in_any_process(fleet: Fleet, visit: Application, console: Any) -> None:
    tokens = visit.served()
    console("revoke_secrets", client_id=visit.made["client_id"])
    assert everywhere(fleet, lambda host: visit.refresh(host, tokens["refresh_token"])) == [401, 401]
    introspect = {"data": {"token": tokens["access_token"]}, "auth": visit.credentials}
    assert everywhere(fleet, lambda host: fleet.at(host, "POST", "/o/introspect/", **introspect)) == [401, 401]


def test_removed_redirect_uri_is_redirected_to_by_no_process(fleet: Fleet, visit: Application, console: Any) -> None:
    visit.served()
    code = visit.code()
    uris = ["https://app.example.com/other"]
    assert console("change", client_id=visit.made["client_id"], redirect_uris=uris) == "in_force"
    for host in fleet.hosts:
        answer = visit.silently(host)
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)
        assert "code=" in visit.silently(host, redirect_uri=uris[0]).headers["Location"]
    assert [visit.redeem(host, code).json()["error"] for host in fleet.hosts] == ["invalid_grant", "invalid_grant"]


def test_scope_taken_away_opens_nothing_in_any_process(fleet: Fleet, visit: Application, console: Any) -> None:
    tokens = visit.served()
    assert console("change", client_id=visit.made["client_id"], without_scope="nickname") == "in_force"
    for host in fleet.hosts:
        assert "nickname" not in visit.userinfo(host, tokens["access_token"]).json()
        tokens = visit.refresh(host, tokens["refresh_token"]).json()
        assert "nickname" not in tokens["scope"].split()


def test_withdrawn_consent_holds_in_every_process(fleet: Fleet, visit: Application, console: Any) -> None:
    tokens, code = visit.served(), visit.code()
    console("withdraw", client_id=visit.made["client_id"], username=visit.made["username"])
    assert everywhere(fleet, lambda host: visit.userinfo(host, tokens["access_token"])) == [401, 401]
    assert everywhere(fleet, lambda host: visit.refresh(host, tokens["refresh_token"])) == [400, 400]
    assert everywhere(fleet, lambda host: visit.redeem(host, code)) == [400, 400]
    assert [answer_of(visit.silently(host).headers["Location"])["error"] for host in fleet.hosts] == [
        "consent_required",
        "consent_required",
    ]


def test_closed_account_is_closed_in_every_process(fleet: Fleet, visit: Application, console: Any) -> None:
    tokens = visit.served()
    console("set_active", username=visit.made["username"], active=False)
    assert everywhere(fleet, lambda host: visit.userinfo(host, tokens["access_token"])) == [401, 401]
    for host in fleet.hosts:
        assert answer_of(visit.silently(host).headers["Location"])["error"] == "login_required"
    assert everywhere(fleet, lambda host: visit.refresh(host, tokens["refresh_token"])) == [400, 400]


def test_token_revoked_at_one_host_is_inactive_at_the_other(fleet: Fleet, visit: Application) -> None:
    tokens = visit.served()
    one, other = fleet.hosts
    revoke = {"data": {"token": tokens["access_token"]}, "auth": visit.credentials}
    introspected = fleet.at(other, "POST", "/o/introspect/", **revoke)
    assert introspected.json()["active"] is True
    assert fleet.at(one, "POST", "/o/revoke_token/", **revoke).status_code == 200
    assert fleet.at(other, "POST", "/o/introspect/", **revoke).json() == {"active": False}
    assert visit.userinfo(other, tokens["access_token"]).status_code == 401
