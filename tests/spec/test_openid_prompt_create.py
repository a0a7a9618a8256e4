"""Initiating User Registration via OpenID Connect 1.0."""

from typing import Any

import pytest

from tests import factories
from tests.provider.driver import Driver, query
from tests.spec.test_openid_core import next_address


def test_create_leads_to_sign_up_and_back(registered: Any) -> None:
    """4.1."""
    driver = Driver(registered)
    page = driver.authorize(prompt="create")
    assert page["Location"].startswith("/accounts/signup/?next=")
    assert driver.browser.get(page["Location"]).status_code == 200
    driver.sign_in_again(factories.make_user())
    asked = driver.browser.get(next_address(page))
    assert "code" in query(driver.consent(asked))


def test_create_by_post_leads_there_too(registered: Any) -> None:
    """4.1; OpenID Core 3.1.2.1: both methods."""
    driver = Driver(registered)
    kept = driver.authorize(method="post", prompt="create")
    assert driver.browser.get(kept["Location"])["Location"].startswith("/accounts/signup/?next=")


def test_somebody_signed_in_is_offered_another_account(driver: Driver) -> None:
    """4.1: nobody is signed out by a link."""
    driver.code()
    page = driver.authorize(prompt="create")
    assert page["Location"].startswith("/o/consent/")
    assert "code" in query(driver.consent(page, scopes=["nickname"]))


def test_create_with_none_is_invalid(driver: Driver) -> None:
    """4.1.1: none stands alone."""
    assert query(driver.authorize(prompt="create none"))["error"] == "invalid_request"


def test_it_is_published(driver: Driver) -> None:
    """4.2."""
    document = driver.backchannel.get("/.well-known/openid-configuration").json()
    assert "create" in document["prompt_values_supported"]


@pytest.mark.parametrize("value", [None, ""])
def test_host_without_sign_up_refuses_and_does_not_publish_it(driver: Driver, settings: Any, value: Any) -> None:
    """4.1: an unsupported value is an invalid request."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNUP_URL": value}
    assert query(driver.authorize(prompt="create"))["error"] == "invalid_request"
    document = driver.backchannel.get("/.well-known/openid-configuration").json()
    assert "create" not in document["prompt_values_supported"]
