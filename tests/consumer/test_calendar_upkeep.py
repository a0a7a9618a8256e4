"""Ask the provider again after the sign-in: for what the calendar shows, and to end the tokens."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command

from consumer_site.models import StoredToken
from tests.consumer.journey import Journey
from tests.consumer.openid_provider import Answer

# The vault refuses to call anybody inside a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

BUTTON = "/calendar/up-to-date/"


def test_new_nickname_is_shown_without_a_sign_in(journey: Journey) -> None:
    journey.sign_in()
    journey.house.userinfo["nickname"] = "新名字"
    response = journey.visitor.post(BUTTON)
    assert (response.status_code, response["Location"]) == (303, "/calendar/")
    assert "新名字" in journey.visitor.get("/calendar/").content.decode()


def test_what_was_not_granted_is_not_taken_later_either(journey: Journey) -> None:
    journey.sign_in()
    StoredToken.objects.update(scope="openid nickname")
    journey.visitor.post(BUTTON)
    kept = SocialAccount.objects.get().extra_data
    assert kept["nickname"]
    assert "picture" not in kept


def test_answer_about_somebody_else_changes_nothing(journey: Journey) -> None:
    journey.sign_in()
    before = SocialAccount.objects.get().extra_data
    journey.house.userinfo |= {"sub": "somebody-else", "nickname": "Somebody else"}
    assert journey.visitor.post(BUTTON).status_code == 502
    assert SocialAccount.objects.get().extra_data == before


def test_provider_that_is_down_is_said_and_nothing_is_lost(journey: Journey) -> None:
    journey.sign_in()
    before = SocialAccount.objects.get().extra_data
    journey.house.replies["/userinfo"] = Answer(b"", status=503)
    page = journey.visitor.post(BUTTON)
    assert page.status_code == 502
    assert "be reached right now" in page.content.decode()
    assert "Sign-in did not work" not in page.content.decode()
    assert SocialAccount.objects.get().extra_data == before


def test_tokens_that_ended_ask_for_a_sign_in(journey: Journey) -> None:
    journey.sign_in()
    journey.house.replies["/userinfo"] = Answer(b"{}", status=401)
    journey.house.replies["/token"] = Answer(b'{"error": "invalid_grant"}', status=400)
    page = journey.visitor.post(BUTTON)
    assert page.status_code == 409
    assert "/accounts/house/login/" in page.content.decode()
    assert StoredToken.objects.get().needs_sign_in
    calendar = journey.visitor.get("/calendar/").content.decode()
    assert "no longer answers this calendar about you" in calendar
    assert BUTTON not in calendar


def test_command_goes_through_everybody_and_counts(journey: Journey, capsys: Any) -> None:
    journey.sign_in()
    journey.house.userinfo["nickname"] = "Neu"
    call_command("refresh_profiles")
    call_command("refresh_profiles")
    first, second = capsys.readouterr().out.strip().splitlines()
    assert first == "new: 1, same: 0, sign-in needed: 0, failed: 0"
    assert second == "new: 0, same: 1, sign-in needed: 0, failed: 0"
    assert SocialAccount.objects.get().extra_data["nickname"] == "Neu"


def test_command_leaves_those_who_can_not_be_asked(journey: Journey, capsys: Any) -> None:
    journey.sign_in()
    StoredToken.objects.update(needs_sign_in=True)
    call_command("refresh_profiles")
    assert capsys.readouterr().out.strip() == "new: 0, same: 0, sign-in needed: 0, failed: 0"
    assert len(journey.house.requests_to("/userinfo")) == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_asking_needs_a_post(journey: Journey, method: str) -> None:
    journey.sign_in()
    assert getattr(journey.visitor, method)(BUTTON).status_code == 405


def disconnect(journey: Journey) -> Any:
    """Disconnect the account of the sign-in, beside which there is another."""
    account = SocialAccount.objects.get()
    SocialAccount.objects.create(user=account.user, provider="gone", uid="x")
    return journey.visitor.post("/accounts/3rdparty/", {"account": account.pk})


def offer_revocation(journey: Journey, answer: Answer) -> None:
    def bend(document: dict[str, Any]) -> None:
        document["revocation_endpoint"] = f"{journey.house.issuer}/revoke"

    journey.house.bend_discovery = bend
    journey.house.replies["/revoke"] = answer


def test_disconnecting_ends_the_tokens_at_the_provider(journey: Journey) -> None:
    offer_revocation(journey, Answer(b""))
    journey.sign_in()
    [refresh_token] = journey.house.refresh_tokens
    assert disconnect(journey).status_code == 303
    [request] = journey.house.requests_to("/revoke")
    assert request.form["token"] == refresh_token
    assert request.form["token_type_hint"] == "refresh_token"
    assert "authorization" in {name.lower() for name in request.headers}


@pytest.mark.parametrize("answer", [Answer(b"", status=503), Answer(b"no", status=400)])
def test_provider_that_ends_no_tokens_stops_nobody(journey: Journey, answer: Answer, caplog: Any) -> None:
    offer_revocation(journey, answer)
    journey.sign_in()
    assert disconnect(journey).status_code == 303
    assert [account.provider for account in SocialAccount.objects.all()] == ["gone"]
    assert "tokens not ended at the provider" in caplog.text


def test_provider_without_the_endpoint_is_not_called(journey: Journey) -> None:
    journey.sign_in()
    before = len(journey.house.received)
    assert disconnect(journey).status_code == 303
    assert len(journey.house.received) == before


def test_disconnecting_works_where_the_tokens_do_not_open(journey: Journey, settings: Any) -> None:
    offer_revocation(journey, Answer(b""))
    journey.sign_in()
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": []}
    assert disconnect(journey).status_code == 303
    assert [account.provider for account in SocialAccount.objects.all()] == ["gone"]
    assert journey.house.requests_to("/revoke") == []
