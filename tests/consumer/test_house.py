"""Sign in at an OpenID provider over HTTP: each rule kept, and each broken."""

import time

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from consumer_site import vault
from consumer_site.models import SessionLink, StoredToken
from tests.consumer.journey import CALLBACK, HOST, LOGIN, Journey, assert_error_page, is_signed_in, query_of
from tests.consumer.openid_provider import SUBJECT

pytestmark = pytest.mark.django_db


def test_first_sign_in_makes_an_account_in_one_step(journey: Journey) -> None:
    response = journey.sign_in()
    assert response.status_code == 302
    assert response["Location"] == "/calendar/"
    assert is_signed_in(journey.visitor)
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid) == ("house", SUBJECT)
    page = journey.visitor.get("/calendar/").content.decode()
    assert "林 Ada" in page


def test_request_carries_every_protection_and_the_secret_goes_by_basic(journey: Journey) -> None:
    query = query_of(journey.leave())
    assert query["code_challenge_method"] == "S256"
    assert query["scope"] == "openid nickname avatar offline_access"
    assert query["redirect_uri"] == f"http://{HOST}{CALLBACK}"
    assert "prompt" not in query
    journey.sign_in()
    (received,) = journey.house.requests_to("/token")
    assert received.headers["authorization"].startswith("Basic ")
    assert "client_secret" not in received.form
    assert len(received.form["code_verifier"]) >= 43
    assert received.query == ""


def test_second_sign_in_finds_the_same_account(journey: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    journey.house.userinfo["nickname"] = "Ada 2"
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data["nickname"] == "Ada 2"
    assert get_user_model().objects.count() == 1


def test_stored_data_holds_granted_claims_and_nothing_else(journey: Journey) -> None:
    journey.house.grant = "openid nickname"
    journey.sign_in()
    assert SocialAccount.objects.get().extra_data == {"iss": journey.house.issuer, "nickname": "林 Ada"}
    assert StoredToken.objects.get().scope == "openid nickname"
    page = journey.visitor.get("/calendar/").content.decode()
    assert "not shared" in page
    assert "Sign in again and choose" in page


def test_everything_declined_still_signs_in(journey: Journey) -> None:
    journey.house.grant = "openid"
    assert journey.sign_in().status_code == 302
    assert journey.visitor.get("/calendar/").status_code == 200


def test_tokens_are_sealed_at_rest(journey: Journey) -> None:
    journey.sign_in()
    account, row = SocialAccount.objects.get(), StoredToken.objects.get()
    tokens = vault.load(account=account)
    assert tokens is not None
    assert tokens.access_token in journey.house.access_tokens
    assert tokens.refresh_token.startswith("refresh-")
    assert tokens.access_token not in row.sealed
    assert tokens.access_token not in repr(tokens)
    assert not SocialToken.objects.exists()
    assert tokens.access_token not in str(dict(journey.visitor.session))


def test_session_is_bound_to_the_provider_s_and_unbound_at_sign_out(journey: Journey) -> None:
    journey.sign_in()
    link = SessionLink.objects.get()
    assert (link.issuer, link.subject, link.sid) == (journey.house.issuer, SUBJECT, "session-at-provider")
    assert link.session_key == journey.visitor.session.session_key
    assert journey.visitor.post("/accounts/logout/").status_code == 303
    assert not SessionLink.objects.exists()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_each_accepted_algorithm_signs_in(journey: Journey, algorithm: str) -> None:
    journey.house.use(algorithm)
    assert journey.sign_in().status_code == 302


def test_connecting_lets_the_person_choose_an_account_where_the_provider_can_ask(journey: Journey) -> None:
    assert "prompt" not in query_of(journey.leave(process="connect"))
    prompts = ["none", "consent", "select_account"]
    journey.house.bend_discovery = lambda document: document.update(prompt_values_supported=prompts)
    cache.clear()
    assert "prompt" not in query_of(journey.leave())
    assert query_of(journey.leave(process="connect"))["prompt"] == "select_account"
    assert query_of(journey.leave(process="connect", ask_again="1"))["prompt"] == "consent"


def test_asking_again_sends_prompt_consent(journey: Journey) -> None:
    assert query_of(journey.leave(ask_again="1"))["prompt"] == "consent"


def test_person_cannot_choose_scopes_or_parameters(journey: Journey) -> None:
    response = journey.visitor.post(f"{LOGIN}?scope=email&auth_params=redirect_uri%3Dhttps://evil.example")
    query = query_of(response["Location"])
    assert "email" not in query["scope"]
    assert query["redirect_uri"] == f"http://{HOST}{CALLBACK}"


def test_get_asks_before_it_starts_a_sign_in(journey: Journey) -> None:
    response = journey.visitor.get(LOGIN)
    assert response.status_code == 200
    assert "House" in response.content.decode()


def test_post_from_another_page_is_refused(journey: Journey) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": HOST})
    assert strict.post(LOGIN).status_code == 403


# --- where next --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/calendar/?month=2030-01", "/calendar/?month=2030-01"),
        ("https://evil.example/", "/calendar/"),
        ("//evil.example/", "/calendar/"),
        ("http://localhost:8000/o/apps/", "/calendar/"),
        ("javascript:alert(1)", "/calendar/"),
        ("/\\evil.example", "/calendar/"),
    ],
)
def test_next_stays_on_this_host(journey: Journey, wanted: str, reached: str) -> None:
    assert journey.sign_in(form={"next": wanted})["Location"] == reached


# --- state -------------------------------------------------------------------------------------------------------


def test_state_works_once(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    assert journey.come_back(address).status_code == 302
    journey.visitor.logout()
    assert_error_page(journey.come_back(address), 400, "took too long")
    assert not is_signed_in(journey.visitor)


def test_state_of_another_browser_is_refused(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    journey.visitor = Client(headers={"host": HOST})
    assert_error_page(journey.come_back(address), 400, "took too long")


@pytest.mark.parametrize("state", ["", "invented"])
def test_missing_or_made_up_state_is_refused(journey: Journey, state: str) -> None:
    assert_error_page(journey.sign_in(state=state), 400, "took too long")
    assert journey.house.requests_to("/token") == []


def test_state_expires(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    address = journey.house.authorize(journey.leave())
    now = time.time()
    monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: now + 3600)
    assert_error_page(journey.come_back(address), 400, "took too long")


def test_repeated_parameter_is_refused(journey: Journey) -> None:
    address = journey.house.authorize(journey.leave())
    assert_error_page(journey.come_back(address + "&code=other"), 400)


def test_callback_with_neither_code_nor_error_is_a_page(journey: Journey) -> None:
    assert_error_page(journey.sign_in(code=""), 400)


def test_callback_without_any_sign_in_is_a_page(journey: Journey) -> None:
    assert_error_page(journey.visitor.get(CALLBACK), 400)
