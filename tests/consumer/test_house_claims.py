"""Verify the ID token and userinfo of a sign-in over HTTP: each rule kept, and each broken."""

import time
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model

from tests.consumer.journey import Journey, assert_error_page, is_signed_in
from tests.consumer.openid_provider import CLIENT_ID

pytestmark = pytest.mark.django_db


# --- the ID token ------------------------------------------------------------------------------------------------

BAD_CLAIMS = {
    "another issuer": lambda claims: claims.update(iss="https://other.example"),
    "no issuer": lambda claims: claims.pop("iss"),
    "another audience": lambda claims: claims.update(aud="other"),
    "several audiences without azp": lambda claims: claims.update(aud=[CLIENT_ID, "other"]),
    "another azp": lambda claims: claims.update(azp="other"),
    "another nonce": lambda claims: claims.update(nonce="other"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 3600),
    "no expiry": lambda claims: claims.pop("exp"),
    "infinite expiry": lambda claims: claims.update(exp=float("inf")),
    "expiry that is a word": lambda claims: claims.update(exp="tomorrow"),
    "issued tomorrow": lambda claims: claims.update(iat=int(time.time()) + 86400),
    "issued last year": lambda claims: claims.update(iat=int(time.time()) - 365 * 86400),
    "no issue date": lambda claims: claims.pop("iat"),
    "not valid yet": lambda claims: claims.update(nbf=int(time.time()) + 86400),
    "another access token's hash": lambda claims: claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a hash that is a number": lambda claims: claims.update(at_hash=5),
    "no subject": lambda claims: claims.pop("sub"),
    "an empty subject": lambda claims: claims.update(sub=""),
    "a subject that is a number": lambda claims: claims.update(sub=7),
    "an endless subject": lambda claims: claims.update(sub="x" * 256),
    "a subject that is not ASCII": lambda claims: claims.update(sub="é"),
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_id_token_with_bad_claims_is_refused(journey: Journey, name: str) -> None:
    journey.house.bend_claims = BAD_CLAIMS[name]
    assert_error_page(journey.sign_in(), 502, "House")
    assert not is_signed_in(journey.visitor)
    assert not get_user_model().objects.exists()


def test_several_audiences_with_our_azp_are_accepted(journey: Journey) -> None:
    journey.house.bend_claims = lambda claims: claims.update(aud=[CLIENT_ID, "other"], azp=CLIENT_ID)
    assert journey.sign_in().status_code == 302


def test_id_token_without_at_hash_is_accepted_in_the_code_flow(journey: Journey) -> None:
    journey.house.bend_claims = lambda claims: claims.pop("at_hash")
    assert journey.sign_in().status_code == 302


def test_id_token_signed_by_another_key_is_refused(journey: Journey) -> None:
    imposter = journey.house.make_key("RS256", "key-1")
    journey.house.bend_tokens = lambda answer: answer.update(
        id_token=journey.house.sign({"iss": journey.house.issuer}, key=imposter)
    )
    assert_error_page(journey.sign_in(), 502)


def test_new_signing_key_is_fetched_when_a_token_names_it(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    journey.house.use("RS256", "key-2")
    assert journey.sign_in().status_code == 302
    assert len(journey.house.requests_to("/jwks")) == 2


def test_unknown_keys_do_not_hammer_the_provider(journey: Journey) -> None:
    journey.sign_in()
    published = journey.house.keys
    for number in range(4):
        journey.visitor.logout()
        hidden = journey.house.make_key("RS256", f"hidden-{number}")
        journey.house.bend_tokens = lambda answer, key=hidden: answer.update(
            id_token=journey.house.sign({"iss": "x"}, key=key)
        )
        assert journey.house.keys is published
        assert_error_page(journey.sign_in(), 502)
    assert len(journey.house.requests_to("/jwks")) == 2


# --- userinfo ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["somebody-else", None, 5, ["x"]])
def test_userinfo_about_somebody_else_is_refused(journey: Journey, subject: Any) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update(sub=subject)
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


def test_provider_without_userinfo_signs_in_by_the_id_token(journey: Journey) -> None:
    journey.house.bend_discovery = lambda document: document.pop("userinfo_endpoint")
    journey.house.bend_claims = lambda claims: claims.update(nickname="From the token")
    assert journey.sign_in().status_code == 302
    assert SocialAccount.objects.get().extra_data["nickname"] == "From the token"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("nickname", 5),
        ("nickname", "\x00\x07"),
        ("nickname", {"a": 1}),
        ("picture", "javascript:alert(1)"),
        ("picture", "http://elsewhere.example/p.png"),
        ("picture", 3),
    ],
)
def test_malformed_claim_is_dropped(journey: Journey, claim: str, value: Any) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update({claim: value})
    assert journey.sign_in().status_code == 302
    assert claim not in SocialAccount.objects.get().extra_data


def test_direction_marks_and_controls_are_taken_out_of_a_name(journey: Journey) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update(nickname="\u202eevil\x00 name\u2066")
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data["nickname"] == "evil name"


def test_subject_longer_than_the_column_has_its_own_account(journey: Journey) -> None:
    journey.house.userinfo["sub"] = "x" * 255
    assert journey.sign_in().status_code == 302
    assert SocialAccount.objects.get().uid.startswith("sha256-")
