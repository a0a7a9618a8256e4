"""Feed the consumer answers, codes and tokens that were made for, or by, somebody else."""

import time
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from tests.consumer import openid_provider
from tests.consumer.journey import CALLBACK, Journey, assert_error_page, is_signed_in, query_of
from tests.consumer.openid_provider import CLIENT_ID

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "named",
    [
        None,
        "",
        "https://evil.example",
        "{issuer}/",
        "{issuer} ",
        "{upper}",
        "{issuer}#",
        "{issuer}\u200b",
        "{issuer}/x",
    ],
)
@pytest.mark.parametrize("error", ["", "access_denied"])
def test_answer_by_another_name_is_refused_before_the_code_is_sent(
    journey: Journey, named: str | None, error: str
) -> None:
    answer = query_of(journey.house.authorize(journey.leave(), error=error))
    answer.pop("iss")
    if named is not None:
        issuer = journey.house.issuer
        answer["iss"] = named.format(issuer=issuer, upper=issuer.upper())
    assert_error_page(journey.visitor.get(CALLBACK, answer), 400)
    assert not journey.house.requests_to("/token")
    assert not is_signed_in(journey.visitor)


def test_issuer_named_twice_is_refused(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    assert_error_page(journey.come_back(address + "&iss=https://evil.example"), 400)
    assert not journey.house.requests_to("/token")


def test_sign_in_begun_at_one_issuer_is_not_finished_at_the_next(journey: Journey, house_entry: Any) -> None:
    with openid_provider.running() as evil:
        house_entry.settings = {"server_url": evil.issuer}
        house_entry.save()
        begun = journey.leave().replace(evil.issuer, journey.house.issuer)
        house_entry.settings = {"server_url": journey.house.issuer}
        house_entry.save()
        assert_error_page(journey.come_back(journey.house.authorize(begun)), 400, "did not come from")
        assert not journey.house.requests_to("/token")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"iss": ["x"]},
        {"aud": "another-client"}, {"aud": None}, {"aud": []}, {"aud": [CLIENT_ID, "another-client"]},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"}, {"azp": "another-client"}, {"azp": None},
        {"aud": {CLIENT_ID: 1}}, {"aud": CLIENT_ID + " "},
        {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"nonce": ["x"]}, {"nonce": True},
        {"at_hash": "x"}, {"at_hash": 5}, {"at_hash": None},
    ],
)  # fmt: skip
def test_id_token_of_somebody_else_is_refused(journey: Journey, changes: dict[str, Any]) -> None:
    def bend(claims: dict[str, Any]) -> None:
        claims.update(changes)

    journey.house.bend_claims = bend
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("subject", [None, "", "somebody-else", ["5d0f9f4e-subject"], "5d0f9f4e-subject "])
def test_userinfo_of_somebody_else_is_refused(journey: Journey, subject: Any) -> None:
    journey.house.bend_userinfo = lambda claims: claims.update(sub=subject)
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()


def test_userinfo_does_not_change_what_the_id_token_says(journey: Journey) -> None:
    journey.house.bend_claims = lambda claims: claims.update(nickname="signed")
    journey.house.bend_userinfo = lambda claims: claims.update(nickname="unsigned", iss="x", nonce="x", sid="y" * 999)
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data["nickname"] == "signed"


def test_id_token_of_an_earlier_sign_in_is_refused(journey: Journey) -> None:
    kept: list[str] = []
    journey.house.bend_tokens = lambda answer: kept.append(answer["id_token"])
    journey.sign_in()
    journey.visitor.logout()
    journey.house.bend_tokens = lambda answer: answer.update(id_token=kept[0])
    assert_error_page(journey.sign_in(), 502)
    assert not is_signed_in(journey.visitor)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": time.time() - 60}, {"exp": 0}, {"exp": -1}, {"exp": True}, {"exp": None}, {"exp": "9999999999"},
        {"exp": 10**400}, {"exp": float("inf")}, {"exp": float("nan")}, {"exp": 1e300}, {"exp": []},
        {"iat": time.time() + 3600}, {"iat": time.time() - 2 * 86400}, {"iat": None}, {"iat": "now"},
        {"nbf": time.time() + 3600}, {"nbf": "x"}, {"nbf": None},
    ],
)  # fmt: skip
def test_id_token_of_another_time_is_refused(journey: Journey, changes: dict[str, Any]) -> None:
    journey.house.bend_claims = lambda claims: claims.update(changes)
    assert_error_page(journey.sign_in(), 502)
    assert not SocialAccount.objects.exists()
