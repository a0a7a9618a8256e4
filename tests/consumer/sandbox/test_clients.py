"""Let clients written by others, who knew the real QQ, read the emulator's answers over real HTTP.

What clients in other languages cut out of the answers, and how, is restated here: Casdoor and JustAuth (Go, Java),
passport-qq, omniauth-qq-connect, the ASP.NET Core provider.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.consumer.sandbox.social import choose
from tests.consumer.sandbox.visitor import APP_ID, KEY
from tests.servers import LiveSites


@pytest.fixture
def base(live_emulator: LiveSites) -> str:
    return f"{live_emulator.consumer}/sandbox/qq"


@pytest.fixture
def callback(live_emulator: LiveSites) -> str:
    return f"{live_emulator.consumer}/callback/"


@pytest.fixture
def code(base: str, callback: str) -> str:
    address = f"{base}/oauth2.0/authorize?response_type=code&client_id={APP_ID}&redirect_uri={callback}&state=s"
    return parse_qs(urlsplit(choose(address, "penguin")).query)["code"][0]


def token_text(base: str, callback: str, code: str, **more: str) -> str:
    query = {
        "grant_type": "authorization_code",
        "client_id": APP_ID,
        "client_secret": KEY,
        "code": code,
        "redirect_uri": callback,
    }
    return requests.get(f"{base}/oauth2.0/token", query | more, timeout=10).text


def test_casdoor_finds_its_token_and_openid(base: str, callback: str, code: str) -> None:
    """It takes what stands between ``token=`` and ``&``, then between ``"openid":"`` and ``"}``."""
    text = token_text(base, callback, code)
    token = text.split("token=", 1)[1].split("&", 1)[0]
    me = requests.get(f"{base}/oauth2.0/me", {"access_token": token}, timeout=10).text
    openid = me.split('"openid":"', 1)[1].split('"}', 1)[0]
    query = {"access_token": token, "oauth_consumer_key": APP_ID, "openid": openid}
    profile = requests.get(f"{base}/user/get_user_info", query, timeout=10).json()
    # Its record of an answer decodes into a struct whose numbers are ints and whose flags are strings.
    assert (profile["ret"], profile["is_lost"], profile["is_yellow_vip"]) == (0, 0, "0")


def test_justauth_reads_pairs_then_strips_the_callback(base: str, callback: str, code: str) -> None:
    pairs = dict(pair.split("=") for pair in token_text(base, callback, code).split("&"))
    assert int(pairs["expires_in"]) > 0
    me = requests.get(f"{base}/oauth2.0/me", {"access_token": pairs["access_token"], "unionid": "0"}, timeout=10).text
    identity = json.loads(me.replace("callback(", "").replace(");", "").strip())
    assert identity["client_id"] == APP_ID
    failed = token_text(base, callback, code)
    assert "access_token" not in failed
    assert failed == 'callback( {"error":100020,"error_description":"code is reused error"} );\n'


def test_slicing_clients_find_json_between_their_offsets(base: str, callback: str, code: str) -> None:
    """Some cut ten characters in front and three or four at the end, omniauth expects the line feed."""
    token = json.loads(token_text(base, callback, code, fmt="json"))["access_token"]
    me = requests.get(f"{base}/oauth2.0/me", {"access_token": token}, timeout=10).content.decode()
    assert me.endswith(" );\n")
    assert json.loads(me[10:-3]) == json.loads(me[10:-4]) == json.loads(me[me.index("{") : me.rindex("}") + 1])
    assert re.search(r'"openid":"\w+"', me)


def test_aspnet_asks_everything_as_json(base: str, callback: str, code: str) -> None:
    """It reads ``error`` as a number, ``openid`` and ``unionid`` as strings, ``ret`` as an int32."""
    token = json.loads(token_text(base, callback, code, fmt="json"))
    assert isinstance(token["expires_in"], str)
    query = {"access_token": token["access_token"], "fmt": "json", "unionid": "1"}
    refused = requests.get(f"{base}/oauth2.0/me", query, timeout=10).json()
    assert refused == {"error": 100048, "error_description": "companyid not set"}
    del query["unionid"]
    assert isinstance(requests.get(f"{base}/oauth2.0/me", query, timeout=10).json()["openid"], str)


def test_passport_sends_everything_in_the_query_of_a_bare_get(base: str, callback: str, code: str) -> None:
    token = json.loads(token_text(base, callback, code, fmt="json"))["access_token"]
    both = {"access_token": token, "oauth_consumer_key": APP_ID}
    me = requests.get(f"{base}/oauth2.0/me", both, timeout=10).text
    openid = json.loads(me[me.index("{") : me.rindex("}") + 1])["openid"]
    query = both | {"format": "json", "openid": openid}
    assert requests.get(f"{base}/user/get_user_info", query, timeout=10).json()["nickname"] == "小企鹅"


def test_eight_clients_with_one_code_get_one_token(base: str, callback: str, code: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: json.loads(token_text(base, callback, code, fmt="json")), range(8)))
    assert sum("access_token" in answer for answer in answers) == 1
    assert [answer["error"] for answer in answers if "error" in answer] == [100020] * 7
