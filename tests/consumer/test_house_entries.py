"""Several OpenID providers side by side: each with its own addresses, its own people, and its own answers."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from consumer_site.errors import NotConfigured
from consumer_site.models import SessionLink
from consumer_site.openid.entries import entries, entry_for, entry_of
from tests.consumer import openid_provider
from tests.consumer.journey import CALLBACK, HOST, LOGIN, Journey, assert_error_page, is_signed_in, query_of
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, SUBJECT, OpenIDProvider

pytestmark = pytest.mark.django_db

ACME_LOGIN = "/accounts/house/acme/login/"
ACME_CALLBACK = "/accounts/house/acme/login/callback/"


@pytest.fixture
def acme() -> Iterator[OpenIDProvider]:
    """Return a second provider."""
    with openid_provider.running() as provider:
        yield provider


@pytest.fixture
def acme_entry(acme: OpenIDProvider, house_entry: Any) -> Any:
    """Return the entry of the second provider, beside the default one; it has the same client id by chance."""
    return SocialApp.objects.create(
        provider="house",
        provider_id="acme",
        name="Acme",
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        settings={"server_url": acme.issuer},
    )


@pytest.fixture
def at_acme(acme: OpenIDProvider, acme_entry: Any, visitor: Client) -> Journey:
    """Return a sign-in at the second provider."""
    return Journey(acme, visitor, login=ACME_LOGIN)


def test_each_has_its_own_button_and_its_own_redirect_uri(journey: Journey, at_acme: Journey) -> None:
    page = journey.visitor.get("/accounts/login/").content.decode()
    assert f'action="{LOGIN}"' in page
    assert f'action="{ACME_LOGIN}"' in page
    assert query_of(journey.leave())["redirect_uri"] == f"http://{HOST}{CALLBACK}"
    assert query_of(at_acme.leave())["redirect_uri"] == f"http://{HOST}{ACME_CALLBACK}"


def test_the_same_subject_at_two_issuers_is_two_people(journey: Journey, at_acme: Journey) -> None:
    journey.sign_in()
    journey.visitor.logout()
    assert at_acme.sign_in().status_code == 302
    found = set(SocialAccount.objects.values_list("provider", "uid"))
    assert found == {("house", SUBJECT), ("acme", SUBJECT)}
    assert get_user_model().objects.count() == 2
    assert SessionLink.objects.get(session_key=at_acme.visitor.session.session_key).issuer == at_acme.house.issuer


def test_error_page_leads_back_to_the_same_provider(at_acme: Journey) -> None:
    text = at_acme.sign_in(error="access_denied").content.decode()
    assert f'action="{ACME_LOGIN}"' in text
    assert "your Acme account" in text


def test_answer_at_the_other_callback_is_refused(journey: Journey, at_acme: Journey) -> None:
    for here, there in ((journey, ACME_CALLBACK), (at_acme, CALLBACK)):
        answer = query_of(here.house.authorize(here.leave()))
        assert_error_page(here.visitor.get(there, answer), 400, "took too long")
        assert not journey.house.requests_to("/token")
        assert not at_acme.house.requests_to("/token")


def test_sign_up_that_waits_finds_its_own_entry_again(at_acme: Journey, journey: Journey, settings: Any) -> None:
    """Two entries may have one client id; allauth's own key for what waits is the client id."""
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    assert at_acme.sign_in()["Location"] == "/accounts/3rdparty/signup/"
    assert at_acme.visitor.session["socialaccount_sociallogin"]["provider"]["id"] == "acme"
    page = at_acme.visitor.get("/accounts/3rdparty/signup/")
    assert page.status_code == 200
    assert "Acme" in page.content.decode()


@pytest.mark.parametrize("provider_id", ["nobody", "house", "qq", "-"])
def test_unknown_entry_is_a_page(journey: Journey, at_acme: Journey, provider_id: str) -> None:
    SocialApp.objects.create(provider="qq", name="QQ", client_id="100000002", secret="x")
    for address in (f"/accounts/house/{provider_id}/login/", f"/accounts/house/{provider_id}/login/callback/"):
        assert_error_page(journey.visitor.get(address), 404, "not set up correctly")


def test_entry_alone_with_an_id_is_not_the_default_one(acme_entry: Any, visitor: Client) -> None:
    SocialApp.objects.exclude(pk=acme_entry.pk).delete()
    assert_error_page(visitor.get(LOGIN), 503)
    assert visitor.get(ACME_LOGIN).status_code == 200


@pytest.mark.parametrize("provider_id", ["qq", "google/x", "a b", "ä", "x" * 201])
def test_id_that_is_another_connector_s_or_no_word_is_refused(acme_entry: Any, provider_id: str) -> None:
    """An entry called "qq" would sign its people in as QQ's."""
    acme_entry.provider_id = provider_id
    with pytest.raises(NotConfigured):
        entry_of(acme_entry)


def test_page_that_lists_an_entry_with_an_impossible_id_does_not_fail(acme_entry: Any, visitor: Client) -> None:
    SocialApp.objects.filter(pk=acme_entry.pk).update(provider_id="a/b c")
    assert visitor.get("/accounts/login/").status_code == 200


def test_entries_are_found_by_their_id(house_entry: Any, acme_entry: Any) -> None:
    assert {entry.provider_id for entry in entries()} == {"house", "acme"}
    default, named = entry_for(""), entry_for("acme")
    assert default is not None
    assert named is not None
    assert (default.path_id, named.path_id) == ("", "acme")
    assert reverse("house_callback", "consumer_site.urls", kwargs=named.path_kwargs) == ACME_CALLBACK
    assert entry_for("nobody") is None
    options = {"server_url": "https://id.example.com"}
    SocialApp.objects.create(provider="qq", name="QQ", client_id="100000002", secret="x", settings=options)
    assert entry_for("qq") is None


def test_hidden_entry_has_no_button_and_works_by_its_address(at_acme: Journey, acme_entry: Any) -> None:
    acme_entry.settings["hidden"] = True
    acme_entry.save()
    assert ACME_LOGIN not in at_acme.visitor.get("/accounts/login/").content.decode()
    assert at_acme.sign_in().status_code == 302


def test_hidden_twin_gives_way_everywhere(at_acme: Journey, acme_entry: Any) -> None:
    """A client id that is being replaced: sign-in, renewal and sign-out have to agree on which one counts."""
    acme_entry.pk, acme_entry.client_id, acme_entry.settings = None, "old", {**acme_entry.settings, "hidden": True}
    acme_entry.save()
    assert at_acme.sign_in().status_code == 302
    found = entry_for("acme")
    assert found is not None
    assert found.client_id == CLIENT_ID


def test_two_entries_with_one_id_are_none(acme_entry: Any, visitor: Client) -> None:
    acme_entry.pk = None
    acme_entry.save()
    assert entry_for("acme") is None
    assert_error_page(visitor.get(ACME_LOGIN), 503, "not set up correctly")


def test_initiate_finds_the_entry_by_the_issuer(journey: Journey, at_acme: Journey) -> None:
    def begun(address: str, issuer: str) -> Any:
        return journey.visitor.get(f"{address}?{urlencode({'iss': issuer})}")

    everybody, acmes = "/accounts/house/initiate/", "/accounts/house/acme/initiate/"
    assert begun(everybody, journey.house.issuer)["Location"] == LOGIN
    assert begun(everybody, at_acme.house.issuer)["Location"] == ACME_LOGIN
    assert begun(acmes, at_acme.house.issuer)["Location"] == ACME_LOGIN
    assert_error_page(begun(acmes, journey.house.issuer), 400, "not from a link that someone sent you")


def test_settings_name_several(db: None, house: OpenIDProvider, acme: OpenIDProvider, settings: Any) -> None:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "HOUSE": [
            {"server_url": house.issuer, "name": "House", **client},
            {"server_url": acme.issuer, "name": "Acme", "id": "acme", **client},
        ],
    }
    for provider, login in ((house, LOGIN), (acme, ACME_LOGIN)):
        journey = Journey(provider, Client(headers={"host": HOST}), login=login)
        assert journey.sign_in().status_code == 302
        assert is_signed_in(journey.visitor)
