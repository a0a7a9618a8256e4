"""RFC 9470: the step-up authentication challenge protocol, on the authorization server's side."""

import base64
import json
from typing import Any

import pytest

from provider_site.sign_in_settings import MULTI_FACTOR, SINGLE_FACTOR
from tests.provider.driver import Driver, query
from tests.spec import resources
from tests.spec.sign_ins import by_password, give_app, give_code
from tests.spec.test_openid_core import AUTH_TIME, asks_to_sign_in, prove


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return a browser in which the person has signed in at the page, by password."""
    return by_password(registered, user)


@pytest.fixture
def second_factor(user: Any) -> None:
    """Give the person an authenticator app."""
    give_app(user)


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def stepped_up(driver: Driver) -> Any:
    """Return the tokens of a request for two factors, which the person gives; all else is allowed already."""
    return driver.redeem(query(give_code(driver, driver.authorize(acr_values=MULTI_FACTOR)))["code"])


def test_person_with_one_is_asked_for_it(driver: Driver, user: Any, second_factor: None) -> None:
    """4, 5: the wish leads to a stronger sign-in, which the token then tells."""
    page = driver.authorize(acr_values=MULTI_FACTOR)
    assert page["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    asked = give_code(driver, page)
    claims = driver.id_token(driver.redeem(query(driver.consent(asked))["code"]))
    assert claims["acr"] == MULTI_FACTOR
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    assert "code" in query(driver.authorize(acr_values=MULTI_FACTOR)), "asked once"


def test_max_age_that_a_resource_server_named_leads_to_a_new_sign_in(driver: Driver) -> None:
    """4: max_age without openid too, as for any authorization request."""
    driver.code()
    assert "code" in query(driver.authorize(scope="nickname", max_age="60"))
    session = driver.browser.session
    session[AUTH_TIME] -= 100
    session["account_authentication_methods"] = []
    session.save()
    asked = driver.authorize(scope="nickname", max_age="60")
    assert asks_to_sign_in(asked)
    assert "code" in query(prove(driver, asked))


def test_jwt_tells_when_and_how_the_person_signed_in(driver: Driver, second_factor: None) -> None:
    """6.1: acr and auth_time as claims."""
    resources.use_jwts(driver)
    before = payload(driver.tokens().access)
    after = payload(stepped_up(driver).access)
    assert (before["acr"], after["acr"]) == (SINGLE_FACTOR, MULTI_FACTOR)
    assert before["auth_time"] <= after["auth_time"] <= after["iat"]


def test_introspection_tells_when_and_how_the_person_signed_in(driver: Driver, second_factor: None) -> None:
    """6.2: acr and auth_time as members."""
    asking = resources.api()
    before, after = driver.tokens().access, stepped_up(driver).access
    told = [asking.introspect(token) for token in (before, after)]
    assert [answer["acr"] for answer in told] == [SINGLE_FACTOR, MULTI_FACTOR]
    assert told[0]["auth_time"] <= told[1]["auth_time"] <= told[1]["iat"]


def test_refreshed_token_is_no_stronger_and_no_younger(driver: Driver, second_factor: None) -> None:
    """6: what is told is the sign-in that the grant began with, whatever the person has proven since."""
    asking, tokens = resources.api(), driver.tokens()
    first = asking.introspect(tokens.access)
    stepped_up(driver)
    later = asking.introspect(driver.refresh(tokens.refresh).access)
    assert (later["acr"], later["auth_time"]) == (first["acr"], first["auth_time"])


def test_metadata_lists_the_contexts_that_can_be_asked_for(driver: Driver) -> None:
    """7: acr_values_supported."""
    document = driver.backchannel.get("/.well-known/oauth-authorization-server").json()
    assert {SINGLE_FACTOR, MULTI_FACTOR} <= set(document["acr_values_supported"])
