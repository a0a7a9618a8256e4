"""RFC 9207: the issuer in every authorization response."""

from typing import Any

import pytest

from tests.provider.driver import ISSUER, Driver, query


def test_success_names_the_issuer(driver: Driver) -> None:
    """2."""
    answer = query(driver.consent(driver.authorize()))
    assert answer["code"]
    assert answer["iss"] == ISSUER


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "unheard-of"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "consent_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
        ({"request_uri": "https://x"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"nonce": "n" * 300}, "invalid_request"),
        ({"state": "\x00"}, "invalid_request"),
    ],
)
def test_every_error_names_the_issuer(driver: Driver, changes: dict[str, Any], error: str) -> None:
    """2: errors included."""
    answer = query(driver.authorize(**changes))
    assert (answer["error"], answer["iss"]) == (error, ISSUER)


def test_refusal_of_the_person_names_the_issuer(driver: Driver) -> None:
    """2."""
    answer = query(driver.consent(driver.authorize(), decision="deny"))
    assert (answer["error"], answer["iss"]) == ("access_denied", ISSUER)


def test_login_required_names_the_issuer(registered: Any) -> None:
    """2."""
    answer = query(Driver(registered).authorize(prompt="none"))
    assert (answer["error"], answer["iss"]) == ("login_required", ISSUER)


def test_issuer_a_client_sends_is_not_echoed(driver: Driver) -> None:
    """2.4: what comes back is ours alone."""
    answer = driver.consent(driver.authorize(iss="https://evil.example.com"))
    assert answer["Location"].count("iss=") == 1
    assert query(answer)["iss"] == ISSUER


def test_redirect_uri_with_an_issuer_of_its_own_cannot_be_registered(db: None) -> None:
    """2.3."""
    from django.core.exceptions import ValidationError

    from tests import factories

    with pytest.raises(ValidationError):
        factories.make_application(redirect_uris=["https://app.example.com/cb?iss=https://evil.example.com"])


def test_metadata_promises_it(driver: Driver) -> None:
    """3."""
    document = driver.backchannel.get("/.well-known/oauth-authorization-server").json()
    assert document["authorization_response_iss_parameter_supported"] is True
