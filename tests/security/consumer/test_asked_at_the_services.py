"""Make a sign-in ask for more than it needs, leave a protection out, or carry a secret in an address."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.consumer.canned_server import CannedProvider
from tests.consumer.github_samples import CLIENT_SECRET as GITHUB_SECRET
from tests.consumer.journey import HOST, Journey
from tests.consumer.openid_provider import CLIENT_SECRET
from tests.consumer.qq_samples import APP_KEY, CannedQQ
from tests.consumer.weixin_samples import APP_SECRET

pytestmark = pytest.mark.django_db

SCOPES = {
    "house": "openid nickname avatar offline_access",
    "qq": "get_user_info",
    "weixin": "snsapi_login",
    "github": "",
}
ATTEMPTS = {
    "scope": "admin",
    "auth_params": "scope=admin&state=theirs&redirect_uri=https://evil.example&code_challenge=theirs",
    "state": "theirs",
    "nonce": "theirs",
    "redirect_uri": "https://evil.example/",
    "client_id": "theirs",
    "code_challenge_method": "plain",
    "response_type": "token",
    "action": "rerequest",
    "prompt": "none",
}


@pytest.fixture
def all_four(journey: Journey, qq: CannedQQ, weixin: CannedProvider, github: CannedProvider) -> Client:
    """Return a browser at a site with every connector."""
    return journey.visitor


def leave(browser: Client, connector: str, query: dict[str, str] | None = None, **form: str) -> tuple[str, Any]:
    """Press a connector's button; return the whole address and its parameters."""
    answer = browser.post(f"/accounts/{connector}/login/", form, query_params=query or {})
    assert answer.status_code == 302, answer.content.decode()
    sent = parse_qs(urlsplit(answer["Location"]).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in sent.values())
    return answer["Location"], {name: values[0] for name, values in sent.items()}


@pytest.mark.parametrize("connector", SCOPES)
def test_every_sign_in_has_a_state_of_its_own_and_comes_back_here(all_four: Client, connector: str) -> None:
    sent = [leave(all_four, connector)[1] for _attempt in range(3)]
    assert len({one["state"] for one in sent}) == 3
    assert min(len(one["state"]) for one in sent) >= 40
    assert {one["redirect_uri"] for one in sent} == {f"http://{HOST}/accounts/{connector}/login/callback/"}
    assert {one["response_type"] for one in sent} == {"code"}


@pytest.mark.parametrize("connector", ["house", "github"])
def test_pkce_is_asked_for_wherever_it_is_known(all_four: Client, connector: str) -> None:
    """QQ and WeChat know none, and there the state is all."""
    first, second = leave(all_four, connector)[1], leave(all_four, connector)[1]
    assert first["code_challenge_method"] == "S256"
    assert len(first["code_challenge"]) == 43
    assert first["code_challenge"] != second["code_challenge"]


def test_openid_connect_has_a_nonce_of_its_own(all_four: Client) -> None:
    nonces = {leave(all_four, "house")[1]["nonce"] for _attempt in range(3)}
    assert len(nonces) == 3
    assert min(map(len, nonces)) >= 40


@pytest.mark.parametrize("connector", SCOPES)
def test_no_more_is_asked_for_than_is_shown(all_four: Client, connector: str) -> None:
    assert leave(all_four, connector)[1].get("scope", "") == SCOPES[connector]


@pytest.mark.parametrize("connector", SCOPES)
@pytest.mark.parametrize("place", ["address", "form"])
def test_nobody_chooses_what_is_asked(all_four: Client, connector: str, place: str) -> None:
    mine = leave(all_four, connector)[1]
    theirs = leave(all_four, connector, *([ATTEMPTS] if place == "address" else []), **(
        {} if place == "address" else ATTEMPTS
    ))[1]  # fmt: skip
    own = {"state", "nonce", "code_challenge"}
    assert {name: value for name, value in theirs.items() if name not in own} == {
        name: value for name, value in mine.items() if name not in own
    }
    assert "theirs" not in theirs.values()


@pytest.mark.parametrize("connector", SCOPES)
def test_no_secret_stands_in_the_address_that_the_browser_opens(all_four: Client, connector: str) -> None:
    address, _sent = leave(all_four, connector)
    states = all_four.session["socialaccount_states"]
    verifiers = [state[0].get("pkce_code_verifier") for state in states.values()]
    for secret in (CLIENT_SECRET, APP_KEY, APP_SECRET, GITHUB_SECRET, all_four.session.session_key, *verifiers):
        assert not secret or secret not in address


def test_wechat_s_address_ends_as_wechat_wants_it(all_four: Client) -> None:
    """Without it some of its browsers show a blank page; a fragment of anybody else's is not to stand there."""
    assert leave(all_four, "weixin", {"next": "/#evil"})[0].endswith("#wechat_redirect")
    assert leave(all_four, "weixin")[0].count("#") == 1
