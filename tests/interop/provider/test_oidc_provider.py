"""oidc-provider, certified and by others, signs people in at the consumer, renews their tokens and signs them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from tests.interop.provider.oidc_provider import OidcProvider, Person

Arrive = Callable[..., Person]
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_person_signs_in_by_an_id_token_of_every_algorithm(
    arrive: Arrive, process: OidcProvider, algorithm: str
) -> None:
    """By discovery alone: the entry has an issuer, a client id and a secret."""
    ada = arrive(id_token_signed_response_alg=algorithm)
    ada.sign_in()
    assert ada.nickname in ada.browser.open(f"{ada.consumer.origin}/calendar/").text
    assert process.events() == ["authorization_code client_secret_basic"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_client_proves_itself_by_a_key_of_every_algorithm(
    arrive: Arrive, process: OidcProvider, algorithm: str
) -> None:
    """RFC 7523, by the keys that the consumer publishes, which the provider fetches there."""
    from consumer_site.openid import client_keys

    for every in ALGORITHMS:
        client_keys.rotate(algorithm=every)
    ada = arrive(
        settings={"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": algorithm},
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg=algorithm,
    )
    ada.sign_in()
    assert process.events() == ["authorization_code private_key_jwt"]


def test_secret_goes_in_the_form_where_the_entry_says_so(arrive: Arrive, process: OidcProvider) -> None:
    ada = arrive(
        settings={"token_endpoint_auth_method": "client_secret_post"}, token_endpoint_auth_method="client_secret_post"
    )
    ada.sign_in()
    assert process.events() == ["authorization_code client_secret_post"]


def test_answer_comes_by_a_form(arrive: Arrive) -> None:
    """OAuth 2.0 Form Post Response Mode, across sites: the form brings no cookie of the consumer's along."""
    ada = arrive(settings={"response_mode": "form_post"})
    ada.sign_in()
    assert not [address for address in ada.browser.visited if "code=" in address]


def test_two_providers_stand_side_by_side(arrive: Arrive) -> None:
    """Each has its own addresses and accounts; the same subject at both is two people."""
    ada, grace = arrive(), arrive("second")
    grace.name = ada.name
    ada.sign_in()
    grace.sign_in()
    assert ada.is_signed_in()
    assert {_account(person).user for person in (ada, grace)} == {_account(ada).user, _account(grace).user}
    assert _account(ada).user != _account(grace).user
    assert _account(ada).extra_data["iss"] == ada.issuer
    assert _account(grace).extra_data["iss"] == grace.issuer


def test_tokens_are_renewed(arrive: Arrive, process: OidcProvider) -> None:
    """A refresh token that is good for once gives a new access token and the next refresh token, twice."""
    from consumer_site import vault
    from consumer_site.models import StoredToken

    ada = arrive()
    ada.sign_in()
    account = _account(ada)
    for _time in range(2):
        StoredToken.objects.filter(account=account).update(expires_at=timezone.now())
        with vault.client(account.user, account.provider) as session:
            assert session.get(f"{ada.issuer}/me").json()["nickname"] == ada.nickname
    renewals = [event for event in process.events() if event.startswith("refresh_token")]
    assert renewals == ["refresh_token client_secret_basic"] * 2


def test_sign_out_at_the_provider_ends_the_session_here(arrive: Arrive, process: OidcProvider) -> None:
    """Back-Channel Logout: in the browser that signs out, and in no other."""
    ada = arrive()
    ada.sign_in()
    elsewhere = Person(ada.consumer, type(ada.browser)(ada.consumer.bundle), None, issuer=ada.issuer, name=ada.name)
    try:
        elsewhere.sign_in()
        ada.leave_the_provider()
        assert process.events()[-1] == "backchannel.success"
        assert not ada.is_signed_in()
        assert elsewhere.is_signed_in()
    finally:
        elsewhere.browser.close()


def test_sign_out_here_is_one_there_too(arrive: Arrive) -> None:
    """RP-Initiated Logout: the provider knows the hint, asks, and sends the person back to the page that says so."""
    ada = arrive()
    ada.sign_in()
    page = ada.leave_both()
    assert page.status == 200
    assert page.url.startswith(ada.consumer.address("logout/done"))
    assert not ada.is_signed_in()
    # It asks for the name again.
    assert any(control.name == "login" for form in ada.start().reader.forms for control in form.controls)


def test_refusal_at_the_provider_is_told(arrive: Arrive, caplog: pytest.LogCaptureFixture) -> None:
    """Who leaves its sign-in page by *Cancel* comes back to a page that says that nothing was shared."""
    ada = arrive()
    ada.start()
    cancel = next(address for address in ada.browser.page.reader.links.values() if address.endswith("/abort"))
    page = ada.browser.open(cancel)
    assert page.url.startswith(ada.consumer.origin)
    assert page.status == 403
    assert "access_denied" in caplog.text
    assert not ada.is_signed_in()


def _account(person: Person) -> Any:
    from allauth.socialaccount.models import SocialAccount

    return SocialAccount.objects.get(provider=person.provider_id or "house", uid=person.name)
