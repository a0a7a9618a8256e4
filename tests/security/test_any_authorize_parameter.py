"""Whatever is sent to the authorization endpoint: never a fault of ours, never a way to an unregistered place.

RFC 6749 3.1, 4.1.2.1; RFC 9207 2; RFC 9700 4.11. How many requests are tried: tests/security/any_request.py.
"""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.provider.driver import ISSUER_HOST, REDIRECT, Driver
from tests.security import any_request
from tests.security.any_answer import check_front
from tests.security.any_request import (
    EVIL,
    FORM,
    METHODS,
    TYPES,
    Pairs,
    header_values,
    joined,
    read,
    requests_like,
    send,
)

LIKELY = {
    "response_type": ["code", "token", "id_token", "code id_token", "id_token code", "none", "code code", "CODE"],
    "client_id": [],
    "redirect_uri": [
        *(REDIRECT + end for end in ("/", "?", "?x=1", "#", "#x", "/../x", ";x", "%2f..", "\\", "@evil.example")),
        REDIRECT.upper(), REDIRECT.replace("https", "http"), REDIRECT.replace("app.", "app.example.com@evil."),
        REDIRECT.replace("://", "://evil.example\\@"), f"{EVIL}/callback", "//app.example.com/callback", "/callback",
        "https://app.example.com:443/callback", "https://app.example.com./callback", "https://ａpp.example.com/callback",
        "urn:ietf:wg:oauth:2.0:oob", "http://localhost:8000/o/apps/", "https://[::1", "https://app.example.com:x/callback",
        "mailto:x@example.com", "com.example.app:/", "about:blank", "view-source:https://app.example.com/callback",
    ],
    "scope": ["openid", "nickname", "openid openid", "openid  nickname", "profile", "*", "claim:email", "openid\tx"],
    "state": ["s", "a b+c&d=e", "中文", "'\"<>", "a%20b", "\u2028"],
    "nonce": ["n", "n" * 255, "n" * 256],
    "response_mode": ["query", "fragment", "form_post", "jwt", "query.jwt", "form_post.jwt", "form_post query"],
    "claims": [
        '{"userinfo":{"nickname":null}}', '{"id_token":{"sub":{"value":"x"}}}', '{"id_token":{"acr":{"values":["1"]}}}',
        '{"userinfo":[]}', '{"userinfo":{"sub":1}}', '{"id_token":{"sub":{"values":"x"}}}', '{"userinfo":null}', '"x"',
        '{"id_token":{"auth_time":{"essential":true}}}', '{"a":1,"a":2}', '{"userinfo":' * 900, "NaN", "1e999",
        '{"userinfo":{"":{}}}', '{"x":"\\u0000"}', '{"id_token":{"acr":{"essential":true,"values":[1,{}]}}}',
        '{"id_token":{"sub":{"value":"\\ud800"}}}', '{"userinfo":{"sub":{"value":"a\\u0000b"}}}',
        '{"id_token":{"acr":{"values":["\\u0000","\\udfff"]}}}', '{"id_token":{"email\\u0000":null,"\\ud800":null}}',
        '{"userinfo":{"claim:email":null,"email":{"essential":1}}}',
    ],
    "request": ["e30.e30.", "a.b.c", "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9."],
    "request_uri": [f"{EVIL}/request", "urn:ietf:params:oauth:request_uri:x", "http://localhost:8000/", "file:///etc/passwd"],
    "registration": ["{}", '{"redirect_uris":["https://evil.example"]}'],
    "acr_values": ["0", "1", "phr", "urn:mace:incommon:iap:silver 1", " "],
    "id_token_hint": ["a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "..", "eyJhbGciOiJSUzI1NiIsImtpZCI6MX0.W10.AA"],
    "login_hint": ["ada", "ada@example.com", "+15551234", "<b>"],
    "ui_locales": ["zh", "zh-Hans en", "xx", "de-AT-1901", "en " * 500, "../../x"],
    "claims_locales": ["en zh", "zh-Hans-CN"],
    "display": ["page", "popup", "touch", "wap", "x"],
    "max_age": ["0", "1", "3600", "-0", "1 ", " 1", "²", "1_000", "0x10"],
    "prompt": [
        "none", "login", "consent", "select_account", "create", "none login", "login consent", "create login",
        "select_account login consent", "login login", "create none", "NONE",
    ],
    "resource": [f"{EVIL}/", "https://api.example.com", "https://api.example.com#x", "urn:x", "relative", "https://"],
    "code_challenge": ["", "a" * 42, "a" * 43, "a" * 44, "=" * 43, "+" * 43],
    "code_challenge_method": ["S256", "plain", "s256", "S512", ""],
    "approval_prompt": ["auto", "force"],
    "include_granted_scopes": ["true"],
    "dpop_jkt": ["x" * 43],
    "allow": ["true"], "decision": ["allow"], "duration": ["30"], "user": ["1"], "handle": ["x"],
    "client_secret": ["x"], "device_code": ["x"], "user_code": ["BCDF-GHJK"], "client_assertion": ["a.b.c"],
    "code": ["x"], "iss": [EVIL], "error": ["server_error"], "error_description": ["<b>"], "error_uri": [EVIL],
    "session_state": ["x.y"], "next": [EVIL], "csrfmiddlewaretoken": ["x"], "_method": ["PUT"], "": [""],
}  # fmt: skip
NAMES = sorted({*LIKELY, "client_id"})
# What OpenID Core and the RFCs say may not come twice (RFC 6749 3.1), as far as it decides what is answered.
DECIDING = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "prompt",
    "max_age",
]


class Scene:
    """One application, and three browsers: nobody's, somebody's who is asked, somebody's who has allowed."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        asked = Driver(Registered(driver), factories.make_user("lin"))
        self.tokens = driver.tokens()
        self.browsers = {
            "nobody": Client(headers={"host": ISSUER_HOST}),
            "asked": asked.browser,
            "allowed": driver.browser,
        }
        self.base = driver.request_parameters()
        self.likely = LIKELY | {
            "client_id": [driver.application.client_id.upper(), str(driver.application.pk), "unknown"],
            "id_token_hint": [*LIKELY["id_token_hint"], self.tokens.body["id_token"], self.tokens.access],
        }
        self.secrets = [driver.secret, self.tokens.access, self.tokens.refresh, driver.pkce.verifier]

    def answer(self, who: str, **request: Any) -> tuple[Any, dict[str, str] | None]:
        """Send a request, follow it as far as it goes by itself; return the last answer and what the client is told."""
        cache.clear()
        sent = read(request.get("query", ""), request.get("body", ""))
        checked = {"redirect_uri": REDIRECT, "states": sent.get("state", []), "secrets": self.secrets}
        with transaction.atomic():
            answer = send(self.browsers[who], "/o/authorize/", **request)
            told = check_front(answer, **checked)
            for _hop in range(4):
                if answer.status_code not in {302, 303} or not answer["Location"].startswith("/"):
                    break
                answer = self.browsers[who].get(answer["Location"])
                told = check_front(answer, **checked)
            transaction.set_rollback(True)
        return answer, told


class Registered:
    """A driver's application, as the factory returns it."""

    def __init__(self, driver: Driver) -> None:
        self.application, self.client_secret = driver.application, driver.secret


@pytest.fixture
def scene(driver: Driver) -> Scene:
    """Return the application and the three browsers."""
    return Scene(driver)


WHO = st.sampled_from(["nobody", "asked", "allowed", "allowed"])


def check_code_is_earned(sent: dict[str, list[str]], told: dict[str, str] | None, base: dict[str, str]) -> None:
    """Check that a code went only to who asked for it rightly, and once."""
    if told is None or "code" not in told:
        return
    assert all(len(sent.get(name, [])) <= 1 for name in DECIDING), sent
    assert not any(any(sent.get(name, [])) for name in ("request", "request_uri", "registration")), sent
    for name in ("response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method"):
        assert sent[name] == [base[name]] or name == "code_challenge", (name, sent[name])


@pytest.mark.parametrize("name", NAMES)
def test_any_value_of_a_parameter_is_a_page_or_an_answer_to_the_client(scene: Scene, name: str) -> None:
    @any_request.trying(8)
    @given(pairs=requests_like(scene.base, scene.likely, [name], changes=1), who=WHO, posted=st.booleans())
    def check(pairs: Pairs, who: str, posted: bool) -> None:
        sent = joined(pairs)
        how = {"method": "POST", "body": sent} if posted else {"query": sent}
        _answer, told = scene.answer(who, **how)
        check_code_is_earned(read(sent), told, scene.base)

    check()


def test_any_change_of_several_parameters_is_a_page_or_an_answer_to_the_client(scene: Scene) -> None:
    @any_request.trying(120)
    @given(pairs=requests_like(scene.base, scene.likely), who=WHO, split=st.integers(0, 60), posted=st.booleans())
    def check(pairs: Pairs, who: str, split: int, posted: bool) -> None:
        query, body = (joined(pairs[:split]), joined(pairs[split:])) if posted else (joined(pairs), "")
        _answer, told = scene.answer(who, method="POST" if posted else "GET", query=query, body=body)
        check_code_is_earned(read(query, body), told, scene.base)

    check()


def test_any_method_type_and_header_is_a_page_or_an_answer_to_the_client(scene: Scene) -> None:
    odd = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=30)
    credentials = [*scene.driver.basic().values(), f"Bearer {scene.tokens.access}"]
    named = st.sampled_from(
        ["accept-language", "origin", "referer", "cookie", "accept", "x-forwarded-for", "user-agent"]
    )

    sent = joined(any_request.apply(scene.base, []))

    @any_request.trying(80)
    @given(
        method=st.sampled_from(METHODS),
        content_type=st.sampled_from(TYPES),
        headers=st.dictionaries(named, odd | st.sampled_from(["null", EVIL, "zh", "a=" + "b" * 5000]), max_size=2),
        authorization=header_values(lambda: credentials),
    )
    def check(method: str, content_type: str, headers: dict[str, str], authorization: Any) -> None:
        if authorization is not None:
            headers = headers | {"authorization": authorization}
        cookies = dict(scene.browsers["nobody"].cookies)
        where = {"query": sent} if content_type != FORM else {"body": sent}
        scene.answer("nobody", method=method, content_type=content_type, headers=headers, **where)
        assert dict(scene.browsers["nobody"].cookies).keys() >= cookies.keys()

    check()


def test_any_octets_are_a_page(scene: Scene) -> None:
    @any_request.trying(80)
    @given(
        body=st.binary(max_size=200) | st.sampled_from([b"&" * 1100, b"a=1&" * 1100, b'{"client_id":["x"]}', b"--x--"]),
        # A charset would have Django read the query before any code of ours can answer for it.
        query=st.text(st.characters(max_codepoint=255), max_size=60) | st.just("a=1&" * 1100),
        content_type=st.sampled_from([kind for kind in TYPES if "charset" not in kind]),
        method=st.sampled_from(["GET", "POST"]),
    )
    def check(body: bytes, query: str, content_type: str, method: str) -> None:
        request = {"method": method, "query": query, "body": body.decode("latin-1"), "content_type": content_type}
        answer, told = scene.answer("allowed", **request)
        assert told is None
        assert answer.status_code >= 400

    check()


@pytest.mark.parametrize("who", ["nobody", "asked", "allowed"])
@pytest.mark.parametrize(
    "value", ['{"sub":{"value":"\\ud800"}}', '{"sub":{"value":"\\u0000"}}', '{"acr":{"values":["\\udfff"]}}']
)
def test_what_json_can_say_and_no_database_keep_is_refused(scene: Scene, who: str, value: str) -> None:
    claims = any_request.encoded(f'{{"id_token":{value}}}')
    _answer, told = scene.answer(who, query=joined(any_request.apply(scene.base, [("claims", [claims])])))
    assert told is not None
    assert told["error"] == "invalid_request"


def test_deep_json_is_no_fault(scene: Scene) -> None:
    deep = json.dumps({"userinfo": None}).replace("null", "[" * 40_000)
    answer, told = scene.answer("allowed", query=joined(any_request.apply(scene.base, [("claims", [deep])])))
    assert told is None or "error" in told or "code" in told
    assert answer.status_code < 500
