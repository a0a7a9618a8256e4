"""Prove to the token endpoint whose request it is: by a secret, by a key, or not at all."""

import base64
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from consumer_site.openid import client_keys
from consumer_site.openid.entries import entry_for
from tests.consumer.journey import HOST, LOGIN, Journey, assert_error_page
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.django_db

KEY_SET = "/accounts/house/jwks/"


def offers(journey: Journey, *methods: str, **more: Any) -> None:
    journey.house.bend_discovery = lambda document: document.update(
        token_endpoint_auth_methods_supported=list(methods), **more
    )


def configure(entry: Any, *, secret: str = CLIENT_SECRET, **options: Any) -> None:
    entry.settings.update(options)
    entry.secret = secret
    entry.save()


@pytest.fixture
def by_key(journey: Journey, house_entry: Any) -> Journey:
    """Return a sign-in at a provider that knows this client by its keys."""
    configure(house_entry, secret="", token_endpoint_auth_method="private_key_jwt")
    offers(journey, "private_key_jwt")
    return journey


def known_there(journey: Journey) -> None:
    """Let the provider have this site's key set, as it reads it at the jwks_uri it was given."""
    published = Client(headers={"host": HOST}).get(KEY_SET).content.decode()
    journey.house.client_jwks = lambda: published


@pytest.mark.parametrize("algorithm", client_keys.ALGORITHMS)
def test_key_of_each_algorithm_signs_in(by_key: Journey, algorithm: str) -> None:
    client_keys.make(algorithm=algorithm)
    known_there(by_key)
    assert by_key.sign_in().status_code == 302
    (form,) = [received.form for received in by_key.house.requests_to("/token")]
    assert "client_secret" not in form
    header = json.loads(_decoded(form["client_assertion"].split(".")[0]))
    assert header["alg"] == algorithm


def test_statement_is_for_the_issuer_alone_short_and_used_once(by_key: Journey) -> None:
    client_keys.make()
    known_there(by_key)
    by_key.sign_in()
    by_key.visitor.logout()
    assert by_key.sign_in().status_code == 302
    first, second = by_key.house.assertions
    assert first["aud"] == by_key.house.issuer
    assert first["iss"] == first["sub"] == CLIENT_ID
    assert first["exp"] - first["iat"] == 60
    assert first["jti"] != second["jti"]


def test_key_is_chosen_by_what_the_provider_can_verify(by_key: Journey) -> None:
    client_keys.make(algorithm="ES256")
    client_keys.make(algorithm="PS256")
    known_there(by_key)
    offers(by_key, "private_key_jwt", token_endpoint_auth_signing_alg_values_supported=["PS256", "HS256"])
    assert by_key.sign_in().status_code == 302
    header = by_key.house.requests_to("/token")[0].form["client_assertion"].split(".")[0]
    assert json.loads(_decoded(header))["alg"] == "PS256"


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_key_of_the_registered_algorithm_signs(by_key: Journey, house_entry: Any, algorithm: str) -> None:
    configure(house_entry, secret="", token_endpoint_auth_signing_alg=algorithm)
    client_keys.make(algorithm="ES256")
    client_keys.make(algorithm="PS256")
    known_there(by_key)
    assert by_key.sign_in().status_code == 302
    header = by_key.house.requests_to("/token")[0].form["client_assertion"].split(".")[0]
    assert json.loads(_decoded(header))["alg"] == algorithm


def test_no_key_that_fits_is_this_site_s_fault(by_key: Journey, caplog: pytest.LogCaptureFixture) -> None:
    assert_error_page(by_key.start(), 503, "not set up correctly")
    client_keys.make(algorithm="ES256")
    offers(by_key, "private_key_jwt", token_endpoint_auth_signing_alg_values_supported=["RS256"])
    assert_error_page(by_key.start(), 503, "not set up correctly")
    assert "no client key for any of RS256" in caplog.text


def test_key_that_the_ring_no_longer_opens_is_this_site_s_fault(by_key: Journey, settings: Any) -> None:
    client_keys.make()
    left = by_key.leave()
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": ["another secret of more than 32 characters"]}
    client_keys._parsed.cache_clear()
    assert_error_page(by_key.come_back(by_key.house.authorize(left)), 503, "not set up correctly")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_configured_way_of_the_secret_is_used(journey: Journey, house_entry: Any, method: str) -> None:
    configure(house_entry, token_endpoint_auth_method=method)
    offers(journey, "client_secret_basic", "client_secret_post")
    assert journey.sign_in().status_code == 302
    (received,) = journey.house.requests_to("/token")
    assert ("client_secret" in received.form) == (method == "client_secret_post")
    assert ("authorization" in received.headers) == (method == "client_secret_basic")


def test_public_client_names_itself_and_proves_nothing(journey: Journey, house_entry: Any) -> None:
    configure(house_entry, secret="")
    journey.house._client_is_known = lambda received: received.form["client_id"] == CLIENT_ID  # type: ignore[method-assign]
    assert journey.sign_in().status_code == 302
    (received,) = journey.house.requests_to("/token")
    assert "client_secret" not in received.form
    assert "client_assertion" not in received.form
    assert "authorization" not in received.headers


def test_key_is_used_unasked_where_the_provider_takes_no_public_client(journey: Journey, house_entry: Any) -> None:
    configure(house_entry, secret="")
    offers(journey, "private_key_jwt")
    client_keys.make()
    known_there(journey)
    assert journey.sign_in().status_code == 302


@pytest.mark.parametrize(
    ("options", "secret"),
    [
        ({"token_endpoint_auth_method": "tls_client_auth"}, CLIENT_SECRET),
        ({"token_endpoint_auth_method": ["none"]}, CLIENT_SECRET),
        ({"token_endpoint_auth_method": "client_secret_post"}, CLIENT_SECRET),
        ({"token_endpoint_auth_method": "client_secret_basic"}, ""),
        ({"token_endpoint_auth_method": "private_key_jwt"}, CLIENT_SECRET),
        ({"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": ["ES256"]}, ""),
        ({"id_token_signed_response_alg": "none"}, CLIENT_SECRET),
        ({"id_token_signed_response_alg": "HS256"}, CLIENT_SECRET),
    ],
)
def test_entry_that_asks_for_what_is_not_there_is_a_page(
    journey: Journey, house_entry: Any, options: dict[str, Any], secret: str
) -> None:
    configure(house_entry, secret=secret, **options)
    offers(journey, "client_secret_basic")
    assert_error_page(journey.visitor.post(LOGIN), 503, "not set up correctly")


def test_secret_that_can_not_be_opened_does_not_make_a_public_client(journey: Journey, house_entry: Any) -> None:
    configure(house_entry, secret="", sealed_secret="no longer readable")
    assert journey.start().status_code == 503
    assert entry_for("") is None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "==")


def test_command_makes_the_first_key(by_key: Journey) -> None:
    call_command("consumer_client_keys", "make", "--algorithm", "EdDSA", verbosity=0)
    known_there(by_key)
    assert by_key.sign_in().status_code == 302
