"""Defect 15: any signed-in person may register an application, which may then ask for every scope."""

from typing import Any

import pytest
from oauth2_provider.models import get_application_model

from provider_site.conf import provider_settings
from tests.defects.stock.driver import StockDriver, new_client
from tests.provider.admin.office import enter
from tests.provider.developer import pages
from tests.provider.driver import REDIRECT, Driver, plant_signing_key, query

Application = get_application_model()


class Registered:
    """An application found in the tables, as the driver takes it."""

    def __init__(self, application: Any) -> None:
        self.application, self.client_secret = application, "unused"


def test_person_who_may_not_register_registers_nothing(settings: Any, user: Any) -> None:
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "WHO_MAY_REGISTER": "nobody"}
    browser = enter(user)
    assert browser.get(pages.NEW).status_code == 403
    assert browser.post(pages.NEW, pages.facts()).status_code == 403
    assert not Application.objects.exists()


def test_nobody_may_register_unless_the_host_says_so(settings: Any) -> None:
    settings.PROVIDER_SITE = {k: v for k, v in settings.PROVIDER_SITE.items() if k != "WHO_MAY_REGISTER"}
    assert provider_settings.who_may_register == "nobody"


@pytest.fixture
def registered_by_anybody(user: Any) -> Driver:
    """Return the driver of what a person registered by themselves, and of their own browser."""
    plant_signing_key()
    browser = enter(user)
    assert pages.register(browser).status_code == 201
    return Driver(Registered(Application.objects.get()), user)


def test_application_anybody_registered_serves_nobody_else(registered_by_anybody: Driver, other_user: Any) -> None:
    registered_by_anybody.sign_in_again(other_user)
    answer = registered_by_anybody.authorize(scope="openid nickname")
    assert answer.status_code == 403
    assert "Location" not in answer


def test_application_anybody_registered_asks_for_its_own_scopes_alone(registered_by_anybody: Driver) -> None:
    refused = query(registered_by_anybody.authorize(scope="openid nickname calendar.write"))
    assert refused["error"] == "invalid_scope"
    assert registered_by_anybody.authorize(scope="openid nickname")["Location"].startswith("/o/consent/")


def test_anybody_registers_an_application_with_every_scope_at_stock_dot(
    stock_site: None, user: Any, other_user: Any
) -> None:
    mallory = new_client()
    mallory.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    form = {
        "name": "Free prizes",
        "client_id": "free-prizes",
        "client_secret": "s" * 40,
        "client_type": "confidential",
        "authorization_grant_type": "authorization-code",
        "redirect_uris": REDIRECT,
        "algorithm": "RS256",
    }
    assert mallory.post("/o/applications/register/", form).status_code == 302
    application = Application.objects.get()
    assert application.user == user

    stock = StockDriver(other_user)
    stock.application, stock.secret = application, "s" * 40
    tokens = stock.tokens(scope="openid read write introspection")
    assert tokens.body["scope"] == "openid read write introspection"
