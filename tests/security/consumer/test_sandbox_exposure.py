"""Use the emulator, which lets anybody in as anybody, where it must not be, or against its user's browser."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.http import QueryDict
from django.test import Client

from consumer_site.sandbox.checks import check_debug
from tests.consumer.journey import HOST, sign_in_as

pytestmark = pytest.mark.django_db

APP_ID = "100000001"
CALLBACK = f"http://{HOST}/accounts/qq/login/callback/"
AUTHORIZE = "/sandbox/qq/oauth2.0/authorize"
PATHS = [
    AUTHORIZE,
    "/sandbox/qq/oauth2.0/show?which=error&error=100010",
    "/sandbox/qq/oauth2.0/token",
    "/sandbox/qq/oauth2.0/me",
    "/sandbox/qq/user/get_user_info",
    "/sandbox/qq/avatar/g",
    "/sandbox/qq/avatar/face/penguin",
    "/sandbox/qq/behaviour/",
]
SCRIPT = "\"'><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _emulator(settings: Any) -> None:
    if "consumer_site.sandbox" not in settings.INSTALLED_APPS:
        pytest.skip("the emulator is not installed with these settings")
    settings.DEBUG = True
    apps = {APP_ID: {"key": "k", "callbacks": [CALLBACK], "name": f"App {SCRIPT}"}}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "SANDBOX": {"QQ_APPS": apps}}


def request(**changes: str) -> str:
    sent = {"response_type": "code", "client_id": APP_ID, "redirect_uri": CALLBACK, "state": "s", **changes}
    return f"{AUTHORIZE}?{urlencode(sent)}"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post", "head", "options"])
def test_without_debug_there_is_no_emulator(visitor: Client, settings: Any, path: str, method: str) -> None:
    settings.DEBUG = False
    assert getattr(visitor, method)(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_provider_s_host_has_no_emulator(path: str) -> None:
    assert Client(headers={"host": "localhost:8000"}).get(path).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", CALLBACK + "/../", CALLBACK + "?x", CALLBACK + "#", CALLBACK.upper(), f"{CALLBACK}@evil",
     CALLBACK.replace("127.0.0.1", "127.0.0.1@evil.example"), "//evil.example", "javascript:alert(1)", "", SCRIPT],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
def test_code_goes_to_the_registered_address_alone(visitor: Client, address: str, method: str) -> None:
    form = {"decision": "allow", "person": "penguin"} if method == "post" else None
    answer = getattr(visitor, method)(request(redirect_uri=address), form)
    assert answer["Location"].startswith("/sandbox/qq/oauth2.0/show?")
    assert "evil" not in urlsplit(answer["Location"]).netloc


@pytest.mark.parametrize("name", ["state", "scope", "client_id", "display", "response_type", "which", "error", "x"])
def test_what_a_link_says_is_not_part_of_a_page(visitor: Client, name: str) -> None:
    answer = visitor.get(request(**{name: SCRIPT}), follow=True)
    assert "<script>alert" not in answer.content.decode()
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "script" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("decision", ["allow", "refuse"])
@pytest.mark.parametrize("state", [SCRIPT, "a&code=mine&state=b", "x\r\nSet-Cookie: a=b", "#frag", "é"])
def test_state_comes_back_as_one_value(visitor: Client, decision: str, state: str) -> None:
    answer = visitor.post(request(state=state, display="mobile"), {"decision": decision, "person": "penguin"})
    assert answer["Location"].startswith(CALLBACK + "?")
    assert QueryDict(urlsplit(answer["Location"]).query).getlist("state") == [state]
    assert "Set-Cookie" not in answer.headers


def test_names_of_test_persons_are_text_here_and_in_the_calendar(visitor: Client, victim: Any) -> None:
    page = visitor.get(request()).content.decode()
    assert "<b>O" not in page
    assert "&lt;b&gt;O" in page
    assert "<script>alert" not in page
    extra = {"nickname": "<b>O'Neil</b>"}
    SocialAccount.objects.create(provider="qq", uid="A1" * 16, user=victim, extra_data=extra)
    sign_in_as(visitor, victim)
    for address in ("/calendar/", "/accounts/3rdparty/"):
        text = visitor.get(address).content.decode()
        assert "<b>O" not in text
        assert "&lt;b&gt;O" in text


@pytest.mark.parametrize("path", [request(), "/sandbox/qq/behaviour/"])
def test_foreign_page_presses_no_button(path: str) -> None:
    strict = Client(headers={"host": HOST, "origin": "https://evil.example"}, enforce_csrf_checks=True)
    form = {"decision": "allow", "person": "penguin", "app_id": APP_ID, "action": "withdraw"}
    assert strict.post(path, form).status_code == 403


def test_emulator_is_installed_under_debug_alone_and_elsewhere_an_error(settings: Any) -> None:
    assert settings.SANDBOX is ("consumer_site.sandbox" in settings.INSTALLED_APPS)
    settings.DEBUG = False
    assert [message.id for message in check_debug(None)] == ["consumer_site.sandbox.E001"]


EVIL = [
    *("https://evil.example/", "//evil.example", "javascript:alert(1)", SCRIPT),
    *(CALLBACK.replace("127.0.0.1", host) for host in ("127.0.0.1@evil.example", "127.0.0.1.evil.example")),
    *(CALLBACK.replace("127.0.0.1", host) for host in ("127.0.0.1\\@evil.example", "evil.example\\.127.0.0.1")),
    *(CALLBACK.replace("127.0.0.1", host) for host in ("127.0.0.1%2eevil.example", "evil.example#127.0.0.1")),
    *("http://127.0.0.1:8000:80@evil.example/", "http:evil.example", "http:///evil.example", "http://[::1/"),
]
OTHERS = {
    "weixin": ("weixin/connect/qrconnect", {"appid": "wx1", "response_type": "code", "scope": "snsapi_login"}),
    "github": ("github/login/oauth/authorize", {"client_id": "gh1"}),
}


@pytest.fixture
def _other_emulators(settings: Any) -> None:
    registered = {
        "WEIXIN_APPS": {"wx1": {"secret": "s", "domains": ["127.0.0.1"], "name": f"App {SCRIPT}"}},
        "GITHUB_APPS": {"gh1": {"secret": "s", "callbacks": [CALLBACK], "name": f"App {SCRIPT}"}},
    }
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "SANDBOX": registered}


@pytest.mark.usefixtures("_other_emulators")
@pytest.mark.parametrize("service", list(OTHERS))
def test_code_of_the_others_goes_to_the_registered_host_alone(visitor: Client, service: str) -> None:
    path, query = OTHERS[service]
    form = {"decision": "allow", "person": "rtl"}
    for address in EVIL:
        asked = urlencode({**query, "redirect_uri": address, "state": "s"})
        for answer in (visitor.get(f"/sandbox/{path}?{asked}"), visitor.post(f"/sandbox/{path}?{asked}", form)):
            went = urlsplit(answer.headers.get("Location", ""))
            assert went.hostname in {None, "127.0.0.1"}, address
            assert "code" not in QueryDict(went.query), address
            assert "evil" not in answer.headers.get("Content-Security-Policy", ""), address
            assert "<script>alert" not in answer.content.decode()
    good = f"/sandbox/{path}?{urlencode({**query, 'redirect_uri': CALLBACK, 'state': SCRIPT})}"
    page = visitor.get(good)
    assert "<script>alert" not in page.content.decode()
    assert "script" not in page["Content-Security-Policy"]
    assert QueryDict(urlsplit(visitor.post(good, form)["Location"]).query).getlist("state") == [SCRIPT]
