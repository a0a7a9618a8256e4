"""RFC 7519: JSON Web Token; what all the tokens signed here have in common, and what tells them apart."""

from typing import Any

import jwt
import pytest

from provider_site.models import Registration
from provider_site.services import consents, outbox
from tests.event_receiver import receiving
from tests.provider.driver import ISSUER, Driver
from tests.spec import resources

NUMERIC_DATES = {"exp", "iat", "nbf", "auth_time", "toe"}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.fixture
def signed(driver: Driver, settings: Any) -> dict[str, str]:
    """Return one token of each kind, by the type in its header."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True}
    resources.use_jwts(driver)
    with receiving() as receiver:
        chosen = {"backchannel_logout_uri": receiver.url, "events_url": receiver.url}
        Registration.objects.filter(application=driver.application).update(**chosen)
        tokens = driver.tokens()
        driver.sign_out()
        consents.withdraw(user=driver.application.consents.get().user, application=driver.application)
        outbox.deliver_due()
        pushed = [push.token.removeprefix("logout_token=") for push in receiver.pushes]
    found = [tokens.body["id_token"], tokens.access, *pushed]
    return {jwt.get_unverified_header(token)["typ"]: token for token in found}


def test_each_kind_says_what_it_is(signed: dict[str, str]) -> None:
    """5.1, and RFC 8725 3.11: no kind passes for another."""
    assert signed.keys() == {"JWT", "at+jwt", "logout+jwt", "secevent+jwt"}


def test_header_names_key_and_algorithm_and_nothing_else(signed: dict[str, str]) -> None:
    """5, and RFC 7515 4.1: no key, no address of one, nothing critical."""
    for token in signed.values():
        assert jwt.get_unverified_header(token).keys() == {"typ", "alg", "kid"}


def test_issuer_and_audience_are_in_each(signed: dict[str, str], driver: Driver) -> None:
    """4.1.1, 4.1.3: the issuer as it is published; one audience is a string."""
    for typ, token in signed.items():
        claims = claims_of(token)
        assert claims["iss"] == ISSUER
        assert claims["aud"] == (ISSUER if typ == "at+jwt" else driver.application.client_id)


def test_times_are_whole_seconds_and_in_order(signed: dict[str, str]) -> None:
    """2, 4.1.4, 4.1.6: NumericDate; a token that is good at once needs no nbf (4.1.5)."""
    for typ, token in signed.items():
        claims = claims_of(token)
        assert all(type(claims[name]) is int for name in NUMERIC_DATES & claims.keys())
        assert "nbf" not in claims
        assert "exp" in claims or typ == "secevent+jwt"
        assert claims["iat"] < claims.get("exp", claims["iat"] + 1)


def test_identifiers_are_unique(signed: dict[str, str]) -> None:
    """4.1.7: of the kinds that a receiver must not take twice."""
    identifiers = [claims_of(signed[typ])["jti"] for typ in ("at+jwt", "logout+jwt", "secevent+jwt")]
    assert len(set(identifiers)) == 3
    assert all(len(identifier) >= 32 for identifier in identifiers)
