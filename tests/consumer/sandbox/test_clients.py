"""Let clients written by others, who knew the real QQ, sign in at the emulator over real HTTP.

python-social-auth's backend runs as it is. For clients in other languages, what they cut out of the answers, and how,
is restated here: Casdoor and JustAuth (Go, Java), passport-qq, omniauth-qq-connect, the ASP.NET Core provider.
"""

import json
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.consumer.sandbox.visitor import APP_ID, KEY
from tests.servers import LiveSites

with warnings.catch_warnings():
    # python3-openid, which social-core imports, still asks for a module that defusedxml has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from social_core.backends.qq import QQOAuth2
    from social_core.exceptions import AuthException
    from social_core.storage import BaseStorage, NonceMixin
    from social_core.strategy import BaseStrategy

REAL = "https://graph.qq.com"


class MemoryNonce(NonceMixin):
    """Keep the library's one-use values in memory."""

    unused: ClassVar[set[tuple[str, int, str]]] = set()

    @classmethod
    def use(cls, server_url: str, timestamp: int, salt: str) -> bool:
        cls.unused.add((server_url, timestamp, salt))
        return True

    @classmethod
    def consume(cls, server_url: str, timestamp: int, salt: str) -> bool:
        known = (server_url, timestamp, salt) in cls.unused
        cls.unused.discard((server_url, timestamp, salt))
        return known


class MemoryStorage(BaseStorage):
    """Replace the only table that signing in needs before it knows the person."""

    nonce = MemoryNonce


class MemoryStrategy(BaseStrategy):
    """Keep the library's session and request in memory, and end its pipeline at the person's uid and details."""

    def __init__(self) -> None:
        super().__init__(storage=MemoryStorage)
        self.session: dict[str, Any] = {}
        self.query: dict[str, str] = {}

    def redirect(self, url: str) -> str:
        return url

    def get_setting(self, name: str) -> Any:
        return {"SOCIAL_AUTH_QQ_KEY": APP_ID, "SOCIAL_AUTH_QQ_SECRET": KEY}[name]

    def get_pipeline(self, backend: Any = None) -> Any:
        return ("social_core.pipeline.social_auth.social_details", "social_core.pipeline.social_auth.social_uid", SEEN)

    def request_data(self, merge: bool = True) -> Any:
        return self.query

    def session_get(self, name: str, default: Any = None) -> Any:
        return self.session.get(name, default)

    def session_set(self, name: str, value: Any) -> None:
        self.session[name] = value

    def session_pop(self, name: str) -> Any:
        return self.session.pop(name, None)

    def build_absolute_uri(self, path: str | None = None) -> str:
        return path or ""


SEEN = "tests.consumer.sandbox.test_clients.remember"


def remember(strategy: MemoryStrategy, uid: str, details: dict[str, Any], response: Any, **kwargs: Any) -> Any:
    """End the library's pipeline."""
    strategy.session["seen"] = {"uid": uid, "details": details, "response": response}
    return {"user": None}


def moved_backend(base: str) -> type[QQOAuth2]:
    """Return the library's backend with QQ's host replaced, and nothing else."""

    class MovedBackend(QQOAuth2):
        AUTHORIZATION_URL = QQOAuth2.AUTHORIZATION_URL.replace(REAL, base)

        def request(self, url: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(url.replace(REAL, base), *args, **kwargs)

    return MovedBackend


def choose(address: str, person: str = "penguin", decision: str = "allow") -> str:
    """Answer the authorization page as a browser without JavaScript does, and return where it leads."""
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"csrfmiddlewaretoken": token, "person": person, "decision": decision}
        return browser.post(address, form, allow_redirects=False, timeout=10).headers["Location"]


@pytest.fixture
def base(live_emulator: LiveSites) -> str:
    return f"{live_emulator.consumer}/sandbox/qq"


@pytest.fixture
def callback(live_emulator: LiveSites) -> str:
    return f"{live_emulator.consumer}/callback/"


@pytest.fixture
def code(base: str, callback: str) -> str:
    address = f"{base}/oauth2.0/authorize?response_type=code&client_id={APP_ID}&redirect_uri={callback}&state=s"
    return parse_qs(urlsplit(choose(address)).query)["code"][0]


def token_text(base: str, callback: str, code: str, **more: str) -> str:
    query = {
        "grant_type": "authorization_code",
        "client_id": APP_ID,
        "client_secret": KEY,
        "code": code,
        "redirect_uri": callback,
    }
    return requests.get(f"{base}/oauth2.0/token", query | more, timeout=10).text


def social_sign_in(base: str, callback: str, person: str) -> dict[str, Any]:
    strategy = MemoryStrategy()
    backend = moved_backend(base)(strategy, redirect_uri=callback)
    strategy.query = {
        name: values[0] for name, values in parse_qs(urlsplit(choose(backend.start(), person)).query).items()
    }
    backend.data = strategy.query
    backend.auth_complete()
    seen: dict[str, Any] = strategy.session["seen"]
    return seen


def test_python_social_auth_signs_in(base: str, callback: str) -> None:
    seen = social_sign_in(base, callback, "penguin")
    assert re.fullmatch("[0-9A-F]{32}", seen["uid"])
    assert seen["details"]["username"] == "小企鹅"
    assert requests.get(seen["response"]["figureurl_qq_1"], timeout=10).headers["Content-Type"] == "image/png"


def test_python_social_auth_tells_two_people_of_one_nickname_apart(base: str, callback: str) -> None:
    first, second = (social_sign_in(base, callback, person) for person in ("penguin", "twin"))
    assert first["details"]["username"] == second["details"]["username"]
    assert first["uid"] != second["uid"]
    assert social_sign_in(base, callback, "penguin")["uid"] == first["uid"]


def test_python_social_auth_meets_a_changed_state(base: str, callback: str) -> None:
    plan = {"app_id": APP_ID, "endpoint": "authorize", "kind": "wrong_state"}
    assert requests.post(f"{base}/behaviour/", plan, timeout=10).status_code == 200
    with pytest.raises(AuthException):
        social_sign_in(base, callback, "penguin")


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
