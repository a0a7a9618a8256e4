"""Whatever bytes a provider sends, the person gets a page and nobody gets an account."""

import base64
import contextlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer_site.connectors.house import client, renewal
from consumer_site.connectors.house.answer import COOKIE
from consumer_site.connectors.house.claims import kept_claims
from consumer_site.errors import OutboundError, SignInError
from consumer_site.http import json_object
from consumer_site.jose import KeySource, TokenInvalid, verify_id_token
from consumer_site.openid import metadata
from tests.consumer.journey import CALLBACK, Journey, is_signed_in
from tests.consumer.openid_provider import CLIENT_ID, Answer

BOUNDED = settings(
    # Each example is a whole sign-in over sockets; the readers themselves get their thousands below.
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 418, 429, 500, 503])
BODIES = st.binary(max_size=200) | JSON.map(lambda value: repr(value).encode("utf-8", "surrogatepass"))


def storable(value: Any) -> Any:
    """Return what a JSON column takes of a value."""
    return json.loads(
        json.dumps(value, allow_nan=True).replace("NaN", "0").replace("Infinity", "1").replace("\\u0000", "")
    )


def finish(journey: Journey) -> Any:
    response = journey.start()
    if response.status_code == 302:
        response = journey.come_back(journey.house.authorize(response["Location"]))
    return response


def assert_refused_on_a_page(journey: Journey, response: Any) -> None:
    assert 400 <= response.status_code < 600
    assert response.status_code != 500
    assert "Reference:" in response.content.decode()
    assert not is_signed_in(journey.visitor)
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"])
def test_any_bytes_at_an_endpoint_are_a_page(journey: Journey, path: str) -> None:
    @BOUNDED
    @given(status=STATUSES, body=BODIES, kind=st.sampled_from(["application/json", "text/html", "x/y; charset=utf-7"]))
    def check(status: int, body: bytes, kind: str) -> None:
        from django.core.cache import cache

        cache.clear()
        journey.house.replies[path] = Answer(body, status=status, headers={"Content-Type": kind})
        assert_refused_on_a_page(journey, finish(journey))

    check()


def bent(name: str, value: Any) -> Any:
    return lambda members: members.update({name: value})


@pytest.mark.parametrize("name", ["access_token", "id_token", "token_type", "scope", "refresh_token", "expires_in"])
def test_any_member_of_the_token_answer_is_a_page_or_a_sign_in(journey: Journey, name: str) -> None:
    @BOUNDED
    @given(value=JSON)
    def check(value: Any) -> None:
        journey.visitor.logout()
        journey.house.bend_tokens = bent(name, value)
        assert finish(journey).status_code in {302, 400, 502}

    check()


@pytest.mark.parametrize(
    "name", ["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "sid", "nickname", "picture"]
)
def test_any_claim_is_a_page_or_a_sign_in_of_the_right_person(journey: Journey, name: str) -> None:
    @BOUNDED
    @given(value=JSON)
    def check(value: Any) -> None:
        journey.visitor.logout()
        journey.house.bend_claims = bent(name, value)
        response = finish(journey)
        assert response.status_code in {302, 502}
        harmless = {"sid", "nickname", "picture", "nbf", "exp", "iat"}
        if name not in harmless and not (name == "aud" and value in (CLIENT_ID, [CLIENT_ID])):
            assert response.status_code == 502

    check()


@pytest.mark.parametrize("name", ["sub", "nickname", "picture", "email", "email_verified", "name"])
def test_any_userinfo_claim_is_a_page_or_a_sign_in(journey: Journey, house_entry: Any, name: str) -> None:
    house_entry.settings["scope"] = ["openid", "profile", "email", "nickname", "avatar"]
    house_entry.save()

    @BOUNDED
    @given(value=JSON)
    def check(value: Any) -> None:
        journey.visitor.logout()
        journey.house.bend_userinfo = bent(name, value)
        response = finish(journey)
        assert response.status_code in ({502} if name == "sub" else {302, 502})
        if response.status_code == 302:
            assert journey.visitor.get("/calendar/").status_code == 200

    check()


def test_any_options_of_an_entry_are_a_page_or_lead_to_the_provider(journey: Journey, house_entry: Any) -> None:
    """The admin takes any JSON."""
    names = ["scope", "token_endpoint_auth_method", "response_mode", "id_token_signed_response_alg", "api_origins"]

    @BOUNDED
    @given(options=st.dictionaries(st.sampled_from(names), JSON, min_size=1))
    def check(options: dict[str, Any]) -> None:
        house_entry.settings = {"server_url": journey.house.issuer, **storable(options)}
        house_entry.save()
        assert journey.start().status_code in {302, 502, 503}
        assert journey.visitor.post(CALLBACK, {"state": "x"}).status_code in {303, 405, 503}
        assert journey.visitor.get("/accounts/login/").status_code == 200

    check()


def test_any_callback_query_is_a_page(journey: Journey) -> None:
    @BOUNDED
    @given(query=st.dictionaries(st.sampled_from(["code", "state", "iss", "error", "x"]), st.text(max_size=30)))
    def check(query: dict[str, str]) -> None:
        response = journey.visitor.get("/accounts/house/login/callback/", query)
        assert_refused_on_a_page(journey, response)

    check()


def test_any_form_at_the_callback_is_a_page(journey: Journey, house_entry: Any) -> None:
    house_entry.settings["response_mode"] = "form_post"
    house_entry.save()

    @BOUNDED
    @given(
        body=st.binary(max_size=120)
        | st.dictionaries(st.sampled_from(["code", "state", "iss", "error"]), st.text(max_size=30)).map(
            lambda form: urlencode(form, errors="replace").encode()
        ),
        cookie=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';,"\\')),
    )
    def check(body: bytes, cookie: str) -> None:
        response = journey.visitor.post(CALLBACK, body, content_type="application/x-www-form-urlencoded")
        if response.status_code == 303:
            journey.visitor.cookies[COOKIE] = response.cookies[COOKIE].value
            response = journey.visitor.get(CALLBACK)
        assert_refused_on_a_page(journey, response)
        journey.visitor.cookies[COOKIE] = cookie
        assert_refused_on_a_page(journey, journey.visitor.get(CALLBACK))

    check()


@pytest.mark.parametrize("path", ["/token", "/jwks"])
def test_any_bytes_at_a_refresh_are_an_error_of_ours(journey: Journey, path: str) -> None:
    journey.sign_in()
    account = SocialAccount.objects.get()

    @BOUNDED
    @given(status=STATUSES, body=BODIES | JSON.map(lambda value: json.dumps(value).encode()))
    def check(status: int, body: bytes) -> None:
        from django.core.cache import cache

        cache.clear()
        journey.house.replies[path] = Answer(body, status=status)
        with pytest.raises((OutboundError, SignInError)):
            renewal.refresh(account=account, refresh_token="x")

    check()


MANY = settings(max_examples=300, deadline=None, derandomize=True)
MEMBERS = st.sampled_from(
    ["access_token", "id_token", "token_type", "scope", "refresh_token", "expires_in", "error", "issuer", "jwks_uri",
     "token_endpoint", "authorization_endpoint", "userinfo_endpoint", "code_challenge_methods_supported",
     "token_endpoint_auth_methods_supported", "id_token_signing_alg_values_supported", "scopes_supported",
     "response_modes_supported", "token_endpoint_auth_signing_alg_values_supported", "backchannel_logout_supported"]
)  # fmt: skip


@MANY
@given(body=st.binary(max_size=300))
def test_reading_any_bytes_gives_an_object_or_our_error(body: bytes) -> None:
    response = requests.Response()
    response._content = body
    with contextlib.suppress(OutboundError):
        assert isinstance(json_object(response), dict)


@MANY
@given(answer=st.dictionaries(MEMBERS, JSON | st.just("Bearer") | st.just("x.y.z")))
def test_reading_any_token_answer_gives_tokens_or_our_error(answer: dict[str, Any]) -> None:
    with contextlib.suppress(SignInError):
        tokens = client._read_tokens(answer)
        assert tokens.access_token
        assert isinstance(tokens.id_token, str)


@MANY
@given(document=st.dictionaries(MEMBERS, JSON | st.just(["S256"]) | st.just("https://id.example.com/x")), url=st.text())
def test_reading_any_discovery_document_gives_metadata_or_our_error(document: dict[str, Any], url: str) -> None:
    for server_url in (url, "https://id.example.com"):
        with contextlib.suppress(SignInError):
            metadata.discovery_address(server_url)
            found = metadata.read_metadata({**document, "issuer": server_url}, server_url=server_url)
            assert found.token_endpoint.startswith("https://")


@MANY
@given(claims=st.dictionaries(st.sampled_from(["nickname", "picture", "email", "email_verified", "name"]), JSON))
def test_kept_claims_are_always_storable(claims: dict[str, Any]) -> None:
    kept = kept_claims(claims, granted=["profile", "email", "nickname", "avatar"])
    assert "\x00" not in json.dumps(kept, ensure_ascii=False).encode().decode()


@MANY
@given(token=JSON | st.text() | st.binary().map(lambda raw: ".".join([base64.urlsafe_b64encode(raw).decode()] * 3)))
def test_any_token_is_refused_by_our_error(token: Any) -> None:
    source = KeySource("https://id.example.com/jwks", lambda uri: {"keys": []})
    with pytest.raises(TokenInvalid):
        verify_id_token(token, issuer="https://id.example.com", client_id="x", nonce="y", keys=source)
