"""Each condition of a relying party holds for what is right and fails for what is wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import jwt
import pytest
from django.urls import reverse

from scripts import conformance_table
from tests.conformance.listener import Received
from tests.conformance.rp import conditions, tokens
from tests.conformance.rp.keys import private_key, suite_keys

CALLBACK = "https://app.example.com/callback"
VERIFIER = "".join(chr(65 + number % 26) + chr(97 + number % 26) for number in range(32))
REQUEST = {
    "scope": "openid profile",
    "response_type": "code",
    "client_id": "calendar",
    "redirect_uri": CALLBACK,
    "nonce": "n" * 43,
    "state": VERIFIER,
    "code_challenge": tokens.encoded(hashlib.sha256(VERIFIER.encode()).digest()),
    "code_challenge_method": "S256",
}
TOKEN = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}
LOGOUT = {"id_token_hint": "a.b.c", "post_logout_redirect_uri": CALLBACK, "state": "s"}


@pytest.fixture(autouse=True)
def _no_view_raises() -> None:
    """Start no consumer for these."""


def authorization(sent: dict[str, str]) -> None:
    conditions.authorization_request(sent, client_id="calendar", redirect_uris=(CALLBACK,), form_post=False)


def code(sent: dict[str, str]) -> None:
    conditions.code_grant(sent, REQUEST, used_verifiers={"used" * 16})


def grant(sent: dict[str, str]) -> None:
    conditions.token_request(sent, client_id="calendar")


def refresh(sent: dict[str, str]) -> None:
    conditions.refresh_grant(sent, refresh_token="r", scope="openid email")


def end_session(sent: dict[str, str]) -> None:
    conditions.end_session_request(sent, issued=["a.b.c"], post_logout_redirect_uris=(CALLBACK,))


RIGHT: dict[Callable[[dict[str, str]], None], dict[str, str]] = {
    authorization: REQUEST,
    code: TOKEN,
    grant: {"grant_type": "refresh_token"},
    refresh: {"refresh_token": "r", "scope": "openid"},
    end_session: LOGOUT,
    conditions.scope_for_claims: {"scope": "openid email"},
}
WRONG: list[tuple[Callable[[dict[str, str]], None], dict[str, str]]] = [
    (authorization, {"request": "e30.e30."}),
    (authorization, {"scope": "profile openid2"}),
    (authorization, {"response_type": "code id_token"}),
    (authorization, {"client_id": "another"}),
    (authorization, {"redirect_uri": f"{CALLBACK}/"}),
    (authorization, {"max_age": "0", "prompt": "none"}),
    (authorization, {"response_mode": "form_post"}),
    (authorization, {"nonce": "n" * 44}),
    (authorization, {"nonce": "n+n"}),
    (authorization, {"state": "s" * 99}),
    (authorization, {"code_challenge_method": "plain"}),
    (authorization, {"code_challenge": "short"}),
    (code, {"redirect_uri": f"{CALLBACK}/"}),
    (code, {"code_verifier": VERIFIER[::-1]}),
    (code, {"code_verifier": "v" * 64}),
    (grant, {"grant_type": "password"}),
    (grant, {"client_id": "another"}),
    (refresh, {"refresh_token": "old"}),
    (refresh, {"scope": "openid profile"}),
    (end_session, {"id_token_hint": "x.y.z"}),
    (end_session, {"post_logout_redirect_uri": f"{CALLBACK}/"}),
    (end_session, {"state": ""}),
    (conditions.scope_for_claims, {"scope": "openid offline_access"}),
]


@pytest.mark.parametrize("condition", RIGHT, ids=lambda condition: condition.__name__)
def test_what_is_right_holds(condition: Callable[[dict[str, str]], None]) -> None:
    condition(RIGHT[condition])


@pytest.mark.parametrize(
    ("condition", "change"), WRONG, ids=[f"{condition.__name__}-{'-'.join(change)}" for condition, change in WRONG]
)
def test_what_is_wrong_fails(condition: Callable[[dict[str, str]], None], change: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        condition(RIGHT[condition] | change)


@pytest.mark.parametrize("missing", sorted(REQUEST))
def test_each_parameter_of_a_sign_in_is_wanted(missing: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        authorization({name: value for name, value in REQUEST.items() if name != missing})


def test_code_and_its_verifier_are_good_for_once() -> None:
    used: set[str] = set()
    conditions.code_grant(TOKEN, REQUEST, used_verifiers=used)
    with pytest.raises(AssertionError, match="used before"):
        conditions.code_grant(TOKEN, REQUEST, used_verifiers=used)
    with pytest.raises(AssertionError, match="not issued"):
        conditions.code_grant(TOKEN, None, used_verifiers=set())


def received(form: dict[str, str] | None = None, authorization: str = "", query: dict[str, str] | None = None) -> Any:
    """Return a request."""
    headers = {"authorization": authorization} if authorization else {}
    return Received("POST", "/token", query or {}, form or {}, headers, "TLSv1.3")


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def test_one_method_of_client_authentication_is_used() -> None:
    registered = {"client_id": "a b", "secret": "s:ö%"}
    posted = {"client_id": "a b", "client_secret": "s:ö%"}
    conditions.client_secret_basic(received(authorization=basic("a b", "s:ö%")), **registered)
    conditions.client_secret_post(received(posted), **registered)
    for wrong in (received(), received(authorization=basic("a b", "x")), received(posted, basic("a b", "s:ö%"))):
        with pytest.raises(AssertionError):
            conditions.client_secret_basic(wrong, **registered)
        with pytest.raises(AssertionError):
            conditions.client_secret_post(wrong, **registered)


def test_access_token_is_taken_from_the_header_alone() -> None:
    assert conditions.bearer_by_header(received(authorization="Bearer t")) == "t"
    in_two = {"access_token": "t"}
    for wrong in (received(), received(in_two, "Bearer t"), received(None, "Bearer t", in_two), received(in_two)):
        with pytest.raises(AssertionError):
            conditions.bearer_by_header(wrong)


def asserted(used: set[str], **changes: Any) -> None:
    """Check an assertion whose claims are changed."""
    now = int(time.time())
    claims: dict[str, Any] = {"iss": "calendar", "sub": "calendar", "aud": "https://id.example/", "jti": "j"}
    claims |= {"iat": now, "exp": now + 60}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    keys = suite_keys(rsa=1, ec=1)
    key = keys.signing("ES256")
    assertion = jwt.encode(kept, private_key("P-256", 0), "ES256", headers={"kid": key.kid})
    form = {"client_assertion": assertion, "client_assertion_type": conditions.ASSERTION_TYPE}
    conditions.private_key_jwt(
        received(form),
        client_id="calendar",
        issuer="https://id.example/",
        token_endpoint="https://id.example/token",
        jwks=json.loads(json.dumps(keys.public())),
        used=used,
    )


def test_client_assertion_holds_once() -> None:
    used: set[str] = set()
    asserted(used)
    with pytest.raises(AssertionError, match="used before"):
        asserted(used)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "x"},
        {"sub": "x"},
        {"aud": "https://id.example/authorize"},
        {"jti": None},
        {"exp": 1},
        {"exp": 9_999_999_999},
        {"iat": None},
    ],
    ids=str,
)
def test_client_assertion_with_a_wrong_claim_fails(changes: dict[str, Any]) -> None:
    with pytest.raises((AssertionError, jwt.PyJWTError)):
        asserted(set(), **changes)


def test_answer_to_a_logout_token_is_not_kept() -> None:
    conditions.logout_answer(200, {"Cache-Control": "no-cache, no-store"}, expected=200)
    for status, header in ((400, "no-store"), (200, "private")):
        with pytest.raises(AssertionError):
            conditions.logout_answer(status, {"Cache-Control": header}, expected=200)


def test_wrong_tokens_are_wrong() -> None:
    keys = suite_keys()
    token = tokens.signed({"sub": "s"}, keys, "RS256")
    public = {key.kid: jwt.PyJWK(key.public_jwk(), algorithm="RS256") for key in keys.keys if key.family == "RSA"}
    key = public[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"]) == {"sub": "s"}
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(tokens.spoiled(token), key, algorithms=["RS256"])
    assert jwt.get_unverified_header(tokens.unsigned({})) == {"alg": "none"}


def test_configuration_for_the_suite_names_the_addresses_of_an_entry() -> None:
    """What docs/conformance-suite-rp.json says of the client is where the entry `suite` answers."""
    file = conformance_table.TARGET.parent / "conformance-suite-rp.json"
    client = json.loads(file.read_text(encoding="utf-8"))["client"]
    names = {
        "redirect_uri": "house_callback",
        "initiate_login_uri": "house_initiate",
        "post_logout_redirect_uri": "house_logout_done",
        "backchannel_logout_uri": "house_backchannel_logout",
        "frontchannel_logout_uri": "house_frontchannel_logout",
    }
    for key, name in names.items():
        path = reverse(name, urlconf="project.urls_consumer", kwargs={"provider_id": "suite"})
        assert client[key] == f"https://app.example.com{path}"
