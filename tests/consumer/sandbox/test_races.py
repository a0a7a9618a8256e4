"""What is single use stays so when eight clients come at once, over real HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from consumer_site.sandbox.models import Token
from tests.consumer.sandbox import github_visitor as github
from tests.consumer.sandbox import weixin_visitor as weixin
from tests.consumer.sandbox.social import choose
from tests.servers import LiveSites


@pytest.fixture
def sandbox(live_emulator: LiveSites) -> str:
    return f"{live_emulator.consumer}/sandbox"


def eight(call: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _number: call(), range(8)))


def code_from(address: str, person: str, **query: str) -> str:
    return parse_qs(urlsplit(choose(f"{address}?{urlencode(query)}", person)).query)["code"][0]


def exchanged(sandbox: str, **form: str) -> dict[str, Any]:
    address = f"{sandbox}/github/login/oauth/access_token"
    sent = {"client_id": github.GITHUB_APP, "client_secret": github.SECRET} | form
    answer: dict[str, Any] = requests.post(address, sent, headers={"Accept": "application/json"}, timeout=20).json()
    return answer


def test_github_code_and_refresh_token_are_good_once(sandbox: str) -> None:
    callback = sandbox.replace("/sandbox", "/callback/")
    query = {"client_id": github.GITHUB_APP, "redirect_uri": callback}
    code = code_from(f"{sandbox}/github/login/oauth/authorize", "octo", **query)
    answers = eight(lambda: exchanged(sandbox, code=code))
    assert sum("access_token" in answer for answer in answers) == 1
    (token,) = (answer["refresh_token"] for answer in answers if "refresh_token" in answer)
    answers = eight(lambda: exchanged(sandbox, grant_type="refresh_token", refresh_token=token))
    assert sum("access_token" in answer for answer in answers) == 1


def test_wechat_code_is_good_once_and_refreshes_at_once_agree(sandbox: str) -> None:
    callback = sandbox.replace("/sandbox", "/callback/")
    app = {"appid": weixin.WEBSITE}
    query = app | {"redirect_uri": callback, "response_type": "code", "scope": "snsapi_login"}
    code = code_from(f"{sandbox}/weixin/connect/qrconnect", "zhangsan", **query)
    exchange = app | {"secret": weixin.SECRET, "code": code, "grant_type": "authorization_code"}
    api = f"{sandbox}/weixin/sns/oauth2"
    answers = eight(lambda: requests.get(f"{api}/access_token", exchange, timeout=20).json())
    assert sorted(answer.get("errcode", 0) for answer in answers) == [0, *[40163] * 7]
    (token,) = (answer for answer in answers if "access_token" in answer)
    form = {"app_id": weixin.WEBSITE, "action": "expire"}
    assert requests.post(f"{sandbox}/weixin/behaviour/", form, timeout=20).status_code == 200
    again = app | {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    answers = eight(lambda: requests.get(f"{api}/refresh_token", again, timeout=20).json())
    assert len({answer["access_token"] for answer in answers} - {token["access_token"]}) == 1
    assert Token.objects.get().generation == 1
