"""Signing out: the question, this site first, the provider after it, and the way back (RP-Initiated Logout 1.0)."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from consumer_site.models import SessionLink
from tests.consumer.journey import HOST, Journey, is_signed_in, query_of, sign_in_as
from tests.consumer.logout import DONE, OUT, is_still_in
from tests.consumer.openid_provider import CLIENT_ID, Answer

pytestmark = pytest.mark.django_db
BOTH = "You are signed out here and at <bdi>House</bdi>."
UNKNOWN = "This site can’t tell whether you are signed out at <bdi>House</bdi> too."
UNREACHABLE = "<bdi>House</bdi> can’t be reached right now"


@pytest.fixture
def signed_in(journey: Journey) -> Journey:
    """Return a person who is signed in by a provider where one can sign out."""
    journey.house.bend_discovery = lambda document: document.update(
        end_session_endpoint=f"{journey.house.issuer}/end?keep=1"
    )
    journey.sign_in()
    assert is_still_in(journey.visitor)
    return journey


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return " ".join(response.content.decode().split())


def leave(journey: Journey) -> dict[str, str]:
    """Sign out here and at the provider; return what the provider is asked."""
    response = journey.visitor.post(OUT, {"where": "provider"})
    assert response.status_code == 303
    assert response["Location"].startswith(f"{journey.house.issuer}/end?keep=1&")
    return query_of(response["Location"])


def test_page_asks_where_to_sign_out(signed_in: Journey) -> None:
    response = signed_in.visitor.get(OUT)
    text = text_of(response)
    assert "Sign out here and at <bdi>House</bdi>" in text
    assert text.index('value="here"') < text.index('value="provider"')
    assert "form-action 'self' https:" in response["Content-Security-Policy"]


def test_button_of_every_page_asks_those_who_have_a_choice(signed_in: Journey) -> None:
    response = signed_in.visitor.post(OUT, {"where": "ask"})
    assert (response.status_code, response["Location"]) == (303, OUT)
    assert is_still_in(signed_in.visitor)


def test_button_of_every_page_signs_out_those_who_have_none(visitor: Client, user: Any) -> None:
    sign_in_as(visitor, user)
    assert 'name="where" value="ask"' in visitor.get("/calendar/").content.decode()
    assert visitor.post(OUT, {"where": "ask"})["Location"] == "/"
    assert not is_signed_in(visitor)


@pytest.mark.parametrize("form", [{}, {"where": "here"}, {"where": "elsewhere"}])
def test_signing_out_here_ends_nothing_at_the_provider(signed_in: Journey, form: dict[str, str]) -> None:
    response = signed_in.visitor.post(OUT, form)
    assert (response.status_code, response["Location"]) == (303, "/")
    assert not is_still_in(signed_in.visitor)
    assert not SessionLink.objects.exists()


def test_provider_is_told_whose_session_it_is_and_where_to_send_them(signed_in: Journey) -> None:
    query = leave(signed_in)
    assert query["keep"] == "1"
    assert query["client_id"] == CLIENT_ID
    assert query["post_logout_redirect_uri"] == f"http://{HOST}{DONE}"
    assert len(query["state"]) >= 32
    assert query["id_token_hint"].count(".") == 2
    # Here it is done already, whatever the provider does.
    assert not is_still_in(signed_in.visitor)
    assert not SessionLink.objects.exists()


def test_way_back_says_that_both_are_done(signed_in: Journey) -> None:
    query = leave(signed_in)
    address = f"{DONE}?state={query['state']}"
    assert BOTH in text_of(signed_in.visitor.get(address))
    assert BOTH in text_of(signed_in.visitor.get(address))  # also to who changes the language there


@pytest.mark.parametrize("state", ["", "?state=", "?state=another", "?state={0}x", "?state={0}&state={0}"])
def test_way_back_with_another_state_claims_nothing_of_the_provider(signed_in: Journey, state: str) -> None:
    query = leave(signed_in)
    text = text_of(signed_in.visitor.get(DONE + state.format(query["state"])))
    assert UNKNOWN in text
    assert "You are signed out here." in text
    assert BOTH not in text


def test_way_back_of_another_browser_claims_nothing(signed_in: Journey) -> None:
    query = leave(signed_in)
    other = Client(headers={"host": HOST})
    assert UNKNOWN in text_of(other.get(f"{DONE}?state={query['state']}"))


def test_way_back_of_somebody_who_is_signed_in_says_so(signed_in: Journey) -> None:
    text = text_of(signed_in.visitor.get(DONE))
    assert "You are signed in" in text
    assert "You are signed out" not in text


@pytest.mark.parametrize("status", [503, 404])
def test_provider_that_can_t_be_reached_keeps_nobody_signed_in_here(signed_in: Journey, status: int) -> None:
    cache.clear()
    signed_in.house.replies["/.well-known/openid-configuration"] = Answer({}, status=status)
    response = signed_in.visitor.post(OUT, {"where": "provider"})
    assert (response.status_code, response["Location"]) == (303, DONE)
    assert not is_still_in(signed_in.visitor)
    assert UNREACHABLE in text_of(signed_in.visitor.get(DONE))


def test_provider_without_such_a_place_is_not_offered(journey: Journey) -> None:
    journey.sign_in()
    assert 'value="provider"' not in text_of(journey.visitor.get(OUT))


def test_provider_that_can_t_be_reached_is_not_offered(signed_in: Journey) -> None:
    cache.clear()
    signed_in.house.replies["/.well-known/openid-configuration"] = Answer({}, status=503)
    assert 'value="provider"' not in text_of(signed_in.visitor.get(OUT))


def test_entry_that_is_gone_is_not_offered(signed_in: Journey, house_entry: Any) -> None:
    house_entry.delete()
    assert 'value="provider"' not in text_of(signed_in.visitor.get(OUT))
    assert signed_in.visitor.post(OUT, {"where": "provider"})["Location"] == "/"
    assert not is_signed_in(signed_in.visitor)
    assert text_of(signed_in.visitor.get(DONE))


def test_entry_of_another_issuer_by_now_is_not_told(signed_in: Journey, house_entry: Any) -> None:
    house_entry.settings = {"server_url": "https://other.example"}
    house_entry.save()
    assert signed_in.visitor.post(OUT, {"where": "provider"})["Location"] == "/"


def test_hint_that_can_t_be_unsealed_is_left_out(signed_in: Journey) -> None:
    SessionLink.objects.update(sealed_id_token="sealed by a key that is gone")
    query = leave(signed_in)
    assert "id_token_hint" not in query
    assert query["client_id"] == CLIENT_ID


def test_id_token_lies_sealed(signed_in: Journey) -> None:
    sealed = SessionLink.objects.get().sealed_id_token
    query = leave(signed_in)
    assert sealed
    assert query["id_token_hint"] not in sealed


def test_nobody_is_asked_who_is_not_signed_in(visitor: Client) -> None:
    for response in (visitor.get(OUT), visitor.post(OUT, {"where": "provider"})):
        assert (response.status_code, response["Location"]) == (303, "/")
