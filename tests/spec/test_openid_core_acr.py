"""OpenID Connect Core 1.0, 2 (``acr``), 3.1.2.1 (``acr_values``) and 5.5.1.1: how well the person is to be known."""

from typing import Any

import pytest

from provider_site.sign_in_settings import MULTI_FACTOR, PHISHING_RESISTANT, SINGLE_FACTOR
from tests import factories
from tests.provider.driver import Driver, plant_signing_key, query
from tests.spec.sign_ins import by_password, essential, give_app
from tests.spec.test_openid_core import next_address


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return a browser in which the person has signed in at the page, by password."""
    return by_password(registered, user)


@pytest.fixture
def second_factor(user: Any) -> None:
    """Give the person an authenticator app."""
    give_app(user)


def test_nothing_is_claimed_where_nothing_is_known(registered: Any, user: Any) -> None:
    """OpenID Core 2: optional claims; a session of another way in says nothing of it."""
    plant_signing_key()
    claims = Driver(registered, user).id_token(Driver(registered, user).tokens())
    assert not {"amr", "acr"} & claims.keys()


def test_unheard_values_are_a_wish_and_stop_nobody(driver: Driver) -> None:
    """OpenID Core 3.1.2.1: acr_values is voluntary; 5.5.1.1."""
    claims = driver.id_token(driver.tokens(acr_values="urn:x 1"))
    assert claims["acr"] == SINGLE_FACTOR


def test_person_without_a_second_factor_goes_on_with_one(driver: Driver) -> None:
    """OpenID Core 5.5.1.1: "not an error"."""
    assert driver.id_token(driver.tokens(acr_values=MULTI_FACTOR))["acr"] == SINGLE_FACTOR


def test_essential_context_that_is_reached_is_told(driver: Driver) -> None:
    """5.5.1.1: the value asked for."""
    asked = driver.authorize(claims=essential("urn:x", SINGLE_FACTOR))
    claims = driver.id_token(driver.redeem(query(driver.consent(asked))["code"]))
    assert claims["acr"] == SINGLE_FACTOR


def test_going_on_without_the_second_factor_is_no_way_round(driver: Driver, second_factor: None) -> None:
    """5.5.1.1."""
    page = driver.authorize(claims=essential(MULTI_FACTOR))
    assert driver.browser.get(next_address(page))["Location"].startswith("/accounts/2fa/reauthenticate/")
    again = driver.browser.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    assert again.status_code == 302
    assert query(driver.browser.get(next_address(page)))["error"] == "unmet_authentication_requirements"


def test_contexts_are_published(driver: Driver) -> None:
    """OpenID Discovery 3."""
    document = driver.backchannel.get("/.well-known/openid-configuration").json()
    assert document["acr_values_supported"] == [SINGLE_FACTOR, MULTI_FACTOR, PHISHING_RESISTANT]
