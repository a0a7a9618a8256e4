"""Run one of the providers that people may sign in with here, and get hold of what belongs to another (RFC 9700 4.4).

The attacker's provider is configured beside the honest one. It decides what its own addresses are, what its
authorization endpoint leads to, and what its token endpoint does with what it is sent.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.test import Client

from consumer_site.connectors.house.answer import COOKIE
from consumer_site.openid import client_keys
from tests.consumer import openid_provider
from tests.consumer.journey import CALLBACK, Journey, assert_error_page, is_signed_in, query_of
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, SUBJECT, OpenIDProvider

pytestmark = pytest.mark.django_db

EVIL_LOGIN = "/accounts/house/evil/login/"
EVIL_CALLBACK = "/accounts/house/evil/login/callback/"


@pytest.fixture
def evil() -> Iterator[OpenIDProvider]:
    """Return the attacker's provider."""
    with openid_provider.running() as provider:
        provider.use("ES256", "evil-key")
        yield provider


@pytest.fixture
def evil_entry(evil: OpenIDProvider, house_entry: Any) -> Any:
    """Return its entry; the client id is the honest one's, as a registration at both may have it."""
    return SocialApp.objects.create(
        provider="house",
        provider_id="evil",
        name="Evil",
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        settings={"server_url": evil.issuer},
    )


@pytest.fixture
def at_evil(evil: OpenIDProvider, evil_entry: Any, visitor: Client) -> Journey:
    """Return a sign-in that the person begins at the attacker's provider."""
    return Journey(evil, visitor, login=EVIL_LOGIN)


def led_to_the_honest_one(at_evil: Journey, house: OpenIDProvider, redirect_uri: str) -> dict[str, str]:
    """Let the attacker send the person on to the honest provider; return its answer."""
    asked = {**query_of(at_evil.leave()), "redirect_uri": redirect_uri}
    return query_of(house.authorize(f"{house.issuer}/authorize?{urlencode(asked)}"))


def told_to_the_attacker(evil: OpenIDProvider) -> str:
    return str([(received.form, received.query, received.headers) for received in evil.received])


@pytest.mark.parametrize("names_itself", [True, False])
@pytest.mark.parametrize("callback", [CALLBACK, EVIL_CALLBACK])
def test_honest_code_never_reaches_the_attackers_token_endpoint(
    journey: Journey, at_evil: Journey, callback: str, names_itself: bool
) -> None:
    """The honest provider's answer arrives at either callback, with its name or from an old one that sends none."""
    house, evil = journey.house, at_evil.house
    answer = led_to_the_honest_one(at_evil, house, f"http://127.0.0.1:8000{callback}")
    if not names_itself:
        house.bend_discovery = lambda document: document.pop("authorization_response_iss_parameter_supported")
        answer.pop("iss")
    # Where the honest provider checks its redirect URIs, an answer to the attacker's callback never leaves it.
    registered = callback == CALLBACK
    if registered or names_itself:
        assert_error_page(at_evil.visitor.get(callback, answer), 400)
        assert not evil.requests_to("/token")
    assert not house.requests_to("/token")
    assert not is_signed_in(at_evil.visitor)
    assert answer["code"] not in told_to_the_attacker(evil)


def test_honest_code_never_reaches_it_by_a_form_either(
    journey: Journey, at_evil: Journey, house_entry: Any, evil_entry: Any
) -> None:
    for entry, provider in ((house_entry, journey.house), (evil_entry, at_evil.house)):
        entry.settings["response_mode"] = "form_post"
        entry.save()
        provider.bend_discovery = lambda document: document.update(response_modes_supported=["form_post"])
    answer = led_to_the_honest_one(at_evil, journey.house, f"http://127.0.0.1:8000{CALLBACK}")
    for callback in (CALLBACK, EVIL_CALLBACK):
        response = Client(headers={"host": "127.0.0.1:8000"}).post(callback, answer)
        at_evil.visitor.cookies[COOKIE] = response.cookies[COOKIE].value
        assert_error_page(at_evil.visitor.get(callback), 400)
    assert not at_evil.house.requests_to("/token")
    assert not journey.house.requests_to("/token")


def test_what_was_carried_for_one_callback_is_not_taken_at_another(
    journey: Journey, at_evil: Journey, house_entry: Any, evil_entry: Any
) -> None:
    for entry in (house_entry, evil_entry):
        entry.settings["response_mode"] = "form_post"
        entry.save()
    at_evil.house.bend_discovery = lambda document: document.update(response_modes_supported=["form_post"])
    _action, form = at_evil.house.authorize_by_form(at_evil.leave())
    sealed = Client(headers={"host": "127.0.0.1:8000"}).post(CALLBACK, form).cookies[COOKIE].value
    at_evil.visitor.cookies[COOKIE] = sealed
    assert_error_page(at_evil.visitor.get(EVIL_CALLBACK), 400)
    assert not at_evil.house.requests_to("/token")


@pytest.mark.parametrize("member", ["issuer", "token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_attacker_that_names_the_honest_ones_addresses_gains_nothing(
    journey: Journey, at_evil: Journey, member: str
) -> None:
    house, evil = journey.house, at_evil.house
    own = {
        "issuer": house.issuer,
        "token_endpoint": f"{house.issuer}/token",
        "jwks_uri": f"{house.issuer}/jwks",
        "authorization_endpoint": f"{house.issuer}/authorize",
    }
    evil.bend_discovery = lambda document: document.update({member: own[member]})
    started = at_evil.start()
    if started.status_code == 302:
        # To whichever authorization endpoint it leads: the person answers there.
        asked = started["Location"]
        provider = house if asked.startswith(house.issuer) else evil
        address = urlsplit(provider.authorize(asked))
        assert at_evil.visitor.get(f"{address.path}?{address.query}").status_code in {400, 502}
    assert not SocialAccount.objects.filter(provider="house").exists()
    assert not is_signed_in(at_evil.visitor)


def test_person_of_the_honest_one_is_nobody_at_the_attackers(journey: Journey, at_evil: Journey) -> None:
    journey.sign_in()
    victim = SocialAccount.objects.get().user_id
    journey.visitor.logout()
    assert at_evil.sign_in().status_code == 302
    assert set(SocialAccount.objects.values_list("provider", "uid")) == {("house", SUBJECT), ("evil", SUBJECT)}
    assert SocialAccount.objects.get(provider="evil").user_id != victim


def test_statement_to_the_attacker_is_worthless_at_the_honest_one(
    journey: Journey, at_evil: Journey, house_entry: Any, evil_entry: Any
) -> None:
    """A token endpoint of the attacker's sees this client's signature; its audience is the attacker alone."""
    client_keys.make()
    published = Client(headers={"host": "127.0.0.1:8000"}).get("/accounts/house/jwks/").content.decode()
    for entry, provider in ((house_entry, journey.house), (evil_entry, at_evil.house)):
        entry.settings["token_endpoint_auth_method"] = "private_key_jwt"
        entry.save()
        provider.client_jwks = lambda: published
    both = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    # As the honest one's own: a client that addressed its statements to the token endpoint would sign for it.
    at_evil.house.bend_discovery = lambda document: document.update(
        both, token_endpoint=f"{journey.house.issuer}/token"
    )
    at_evil.sign_in()
    (received,) = journey.house.requests_to("/token")
    assert received.form["client_id"] == CLIENT_ID
    (statement,) = journey.house.assertions
    assert statement["aud"] == at_evil.house.issuer != journey.house.issuer
    assert not is_signed_in(at_evil.visitor)
