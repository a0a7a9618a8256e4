"""Take userinfo as JSON or signed, about the same person, and no more of it than was granted."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from consumer_site.vault import cipher
from tests.consumer.journey import Journey, assert_error_page, query_of
from tests.consumer.openid_provider import CLIENT_ID, SUBJECT, Answer

pytestmark = pytest.mark.django_db


def signed(journey: Journey, kind: str = "application/jwt", **changes: Any) -> None:
    """Let userinfo be a signed token from now on."""
    house = journey.house
    claims = {"iss": house.issuer, "aud": CLIENT_ID, "sub": SUBJECT, "nickname": "Signed", **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    house.replies["/userinfo"] = lambda _received: Answer(house.sign(kept).encode(), headers={"Content-Type": kind})


def test_token_goes_by_the_header_alone(journey: Journey) -> None:
    journey.sign_in()
    (received,) = journey.house.requests_to("/userinfo")
    assert received.headers["authorization"].removeprefix("Bearer ") in journey.house.access_tokens
    assert (received.method, received.query, received.form) == ("GET", "", {})


@pytest.mark.parametrize("kind", ["application/jwt", "application/jwt; charset=utf-8", "Application/JWT"])
def test_signed_userinfo_is_verified_and_used(journey: Journey, kind: str) -> None:
    signed(journey, kind)
    assert journey.sign_in().status_code == 302
    assert SocialAccount.objects.get().extra_data["nickname"] == "Signed"


@pytest.mark.parametrize("missing", ["iss", "aud"])
def test_signed_userinfo_need_not_say_for_whom_it_is(journey: Journey, missing: str) -> None:
    """OpenID Connect Core 5.3.2 has it as a SHOULD."""
    signed(journey, **{missing: None})
    assert journey.sign_in().status_code == 302


@pytest.mark.parametrize(
    "changes", [{"iss": "https://other.example"}, {"aud": "other"}, {"aud": ["other"]}, {"sub": "other"}, {"sub": None}]
)
def test_signed_userinfo_of_somebody_else_is_refused(journey: Journey, changes: dict[str, Any]) -> None:
    signed(journey, **changes)
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("body", [b"", b"x", b"a.b.c", b"\xff", b"e30.e30.", b"a.b.c.d.e"])
def test_userinfo_that_is_no_token_is_refused(journey: Journey, body: bytes) -> None:
    journey.house.replies["/userinfo"] = Answer(body, headers={"Content-Type": "application/jwt"})
    assert_error_page(journey.sign_in(), 502)


def test_userinfo_signed_by_a_foreign_key_is_refused(journey: Journey) -> None:
    signed(journey)
    foreign = journey.house.make_key("RS256", "key-1")
    published = journey.house.keys
    house = journey.house
    token = house.sign({"sub": SUBJECT, "nickname": "Forged"}, key=foreign)
    house.replies["/userinfo"] = Answer(token.encode(), headers={"Content-Type": "application/jwt"})
    assert house.keys is published
    assert_error_page(journey.sign_in(), 502)


def test_sign_out_finds_the_id_token_sealed(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    from consumer_site import receivers

    states: list[dict[str, Any]] = []
    keep = receivers.keep_tokens
    monkeypatch.setattr(receivers, "keep_tokens", lambda login: (states.append(dict(login.state)), keep(login)))
    given: list[str] = []
    journey.house.bend_tokens = lambda answer: given.append(answer["id_token"])
    journey.sign_in()
    (state,) = states
    assert state["sid"] == "session-at-provider"
    assert given[0] not in str(state)
    assert cipher.unseal(state["sealed_id_token"], binding="id_token") == given[0]
    spent = {"pkce_code_verifier", "nonce", "redirect_uri", "response_mode"}
    assert spent.isdisjoint(state)


# --- scopes of providers that are not ours -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("supported", "asked"),
    [
        (["openid", "profile", "email"], "openid profile"),
        (["openid", "profile", "offline_access"], "openid profile offline_access"),
        (["openid", "nickname", "avatar", "offline_access", "profile"], "openid nickname avatar offline_access"),
        (["openid"], "openid"),
        ([], "openid nickname avatar offline_access"),
        ("openid", "openid nickname avatar offline_access"),
        ([5, None], "openid nickname avatar offline_access"),
    ],
)
def test_default_scopes_are_those_that_the_provider_has(journey: Journey, supported: Any, asked: str) -> None:
    journey.house.bend_discovery = lambda document: document.update(scopes_supported=supported)
    assert query_of(journey.leave())["scope"] == asked


def test_configured_scopes_are_asked_for_whatever_the_provider_names(journey: Journey, house_entry: Any) -> None:
    house_entry.settings["scope"] = ["openid", "calendar.read"]
    house_entry.save()
    journey.house.bend_discovery = lambda document: document.update(scopes_supported=["openid", "profile"])
    assert query_of(journey.leave())["scope"] == "openid calendar.read"


# --- what may sign -----------------------------------------------------------------------------------------------


def test_only_the_algorithm_that_was_registered_signs_in(journey: Journey, house_entry: Any) -> None:
    house_entry.settings["id_token_signed_response_alg"] = "ES256"
    house_entry.save()
    journey.house.bend_discovery = lambda document: document.update(
        id_token_signing_alg_values_supported=["RS256", "ES256"]
    )
    assert_error_page(journey.sign_in(), 502)
    journey.house.use("ES256")
    assert journey.sign_in().status_code == 302


def test_registered_algorithm_that_the_provider_lacks_is_a_page(journey: Journey, house_entry: Any) -> None:
    house_entry.settings["id_token_signed_response_alg"] = "EdDSA"
    house_entry.save()
    assert_error_page(journey.start(), 502)


def test_key_replaced_without_a_name_is_fetched_anew(journey: Journey) -> None:
    """A key set whose one key has no kid, changed in place: the cached one no longer verifies."""
    import json

    from tests.consumer.openid_provider import OpenIDProvider

    house = journey.house

    def nameless(_received: Any) -> Answer:
        key = json.loads(house.keys[0].export_public())
        key.pop("kid")
        return Answer({"keys": [key]})

    def without_kid(answer: dict[str, Any]) -> None:
        import base64

        part = answer["id_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=="))
        answer["id_token"] = house.sign(claims, header={"kid": None})

    house.replies["/jwks"] = nameless
    house.bend_tokens = without_kid
    assert journey.sign_in().status_code == 302
    journey.visitor.logout()
    house.keys = [OpenIDProvider.make_key("RS256", "another")]
    assert journey.sign_in().status_code == 302
    assert len(house.requests_to("/jwks")) == 2
