"""OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""

from typing import Any

import pytest

from provider_site.sign_in_settings import MULTI_FACTOR, PHISHING_RESISTANT
from tests.provider.driver import ISSUER, Driver, query
from tests.spec.sign_ins import by_password, essential, give_app


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return a browser in which the person has signed in at the page, by password."""
    return by_password(registered, user)


@pytest.fixture
def second_factor(user: Any) -> None:
    """Give the person an authenticator app."""
    give_app(user)


def test_essential_context_that_cannot_be_reached_is_refused(driver: Driver) -> None:
    """1: "SHALL be used" for an essential acr that can't be reached; OpenID Core 5.5.1.1: a failed authentication."""
    answer = query(driver.authorize(claims=essential(PHISHING_RESISTANT)))
    assert answer["error"] == "unmet_authentication_requirements"
    assert (answer["state"], answer["iss"]) == ("state-1", ISSUER)
    assert "code" not in answer


def test_wish_that_cannot_be_reached_is_no_error(driver: Driver) -> None:
    """1: acr_values is a wish."""
    assert "code" in query(driver.consent(driver.authorize(acr_values=PHISHING_RESISTANT)))


def test_silent_request_that_no_page_could_help_says_so(driver: Driver) -> None:
    """1: also with prompt=none, where login_required would promise that a page helps."""
    driver.code()
    answer = query(driver.authorize(prompt="none", claims=essential("urn:x")))
    assert answer["error"] == "unmet_authentication_requirements"


def test_silent_request_that_a_page_would_help_is_login_required(driver: Driver, second_factor: None) -> None:
    """OpenID Core 3.1.2.6: the person has the means, and prompt=none may not show the page."""
    driver.code()
    assert query(driver.authorize(prompt="none", claims=essential(MULTI_FACTOR)))["error"] == "login_required"
