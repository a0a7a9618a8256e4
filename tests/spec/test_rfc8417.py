"""RFC 8417: security event tokens. Which events there are is in tests/provider/services/test_security_events.py."""

import time
from typing import Any

import jwt
import pytest

from tests.event_receiver import Push
from tests.provider.driver import ISSUER, Driver
from tests.spec.security_events import told_of_a_withdrawal


@pytest.fixture
def push(driver: Driver, user: Any, settings: Any) -> Push:
    """Return the token that tells of a withdrawal."""
    with told_of_a_withdrawal(driver, user, settings) as receiver:
        (only,) = receiver.pushes
        return only


def test_header_says_that_it_is_an_event(push: Push) -> None:
    """2.3: explicit typing; 4.5 to 4.7: no other token has it."""
    assert push.header["typ"] == "secevent+jwt"
    assert push.header["alg"] not in {"none", "HS256"}


def test_token_verifies_by_the_published_keys(push: Push, driver: Driver) -> None:
    """2, 5.1: signed, and checked as any receiver does."""
    keys = jwt.PyJWKSet.from_dict(driver.backchannel.get("/.well-known/jwks.json").json())
    key = keys[push.header["kid"]]
    options: Any = {"require": ["iss", "iat", "jti", "aud", "events"]}
    audience = driver.application.client_id
    assert jwt.decode(push.token, key, audience=audience, issuer=ISSUER, options=options) == push.claims


def test_claims_are_those_of_an_event(push: Push, driver: Driver) -> None:
    """2.2: iss, iat, jti and events are required; aud and toe say whom it is for and when it was."""
    claims = push.claims
    assert set(claims) == {"iss", "iat", "jti", "aud", "toe", "events", "sub_id"}
    assert (claims["iss"], claims["aud"]) == (ISSUER, driver.application.client_id)
    assert claims["toe"] <= claims["iat"] <= time.time()


def test_one_event_is_told_by_an_address_and_an_object(push: Push) -> None:
    """2.2: events, whose members are named by URIs and hold JSON objects."""
    ((name, details),) = push.claims["events"].items()
    assert name.startswith("https://schemas.openid.net/secevent/")
    assert isinstance(details, dict)


def test_nothing_in_it_makes_it_another_token(push: Push) -> None:
    """2.2: exp is not recommended; 4.5, 4.6: neither sub nor nonce, as ID and access tokens have them."""
    assert not {"exp", "sub", "nonce", "auth_time", "scope", "client_id"} & push.claims.keys()
