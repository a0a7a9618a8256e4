"""Real re-authentication where a host has nothing but Django's own sign-in page (OpenID Core 3.1.2.1)."""

import re
from typing import Any

import pytest
from django.contrib.auth.views import LoginView
from django.urls import include, path

from project import hosts
from tests.factories import PASSWORD
from tests.provider.driver import Driver, plant_signing_key, query
from tests.spec.test_openid_core import age_sign_in, next_address

urlpatterns = [
    path("sign-in/", LoginView.as_view()),
    path("sign-in-once/", LoginView.as_view(redirect_authenticated_user=True)),
    path("", include("project.urls_provider")),
]
ASKED = [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "50"}, {"prompt": "login", "max_age": "1000"}]


def sign_in(driver: Driver, user: Any, address: str) -> Any:
    answer = driver.browser.post(address, {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return answer


@pytest.fixture
def driver(registered: Any, user: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Return a browser in which the person has signed in a while ago, at a host without allauth's pages."""
    plant_signing_key()
    monkeypatch.setitem(hosts.URLCONFS, "provider", __name__)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    settings.LOGIN_URL = "/sign-in/"
    unset = {"REAUTHENTICATE_URL": None, "SWITCH_ACCOUNT_URL": None, "STEP_UP": None}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | unset
    driver = Driver(registered)
    sign_in(driver, user, "/sign-in/?next=/")
    driver.code()
    age_sign_in(driver, 100)
    return driver


def proven(driver: Driver, answer: Any) -> dict[str, Any]:
    return driver.id_token(driver.redeem(query(answer)["code"]))


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_person_signs_in_anew_and_the_token_proves_it(driver: Driver, user: Any, asked: dict[str, str]) -> None:
    before = proven(driver, driver.authorize())
    page = driver.authorize(**asked)
    assert page["Location"].startswith("/sign-in/?next=/o/authorize/")
    assert driver.browser.get(next_address(page)).status_code == 403, "going on without signing in"
    back = sign_in(driver, user, page["Location"])
    after = proven(driver, driver.browser.get(back["Location"]))
    assert after["auth_time"] > before["auth_time"]
    assert after["sub"] == before["sub"]
    assert after["amr"] == ["pwd"]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_page_that_sends_signed_in_people_back_is_reached_by_a_click(
    driver: Driver, user: Any, settings: Any, asked: dict[str, str]
) -> None:
    settings.LOGIN_URL = "/sign-in-once/"
    before = proven(driver, driver.authorize())
    sent_back = driver.browser.get(driver.authorize(**asked)["Location"])
    asks = driver.browser.get(sent_back["Location"])
    assert asks.status_code == 403
    button = re.search(r'action="(/o/consent/[^"]+/switch/)"', asks.content.decode())
    assert button is not None
    login = driver.browser.post(button[1])
    assert login["Location"].startswith("/sign-in-once/")
    back = sign_in(driver, user, login["Location"])
    after = proven(driver, driver.browser.get(back["Location"]))
    assert after["auth_time"] > before["auth_time"]
    assert after["sub"] == before["sub"]


def test_silent_request_is_told_that_the_sign_in_is_too_old(driver: Driver) -> None:
    assert query(driver.authorize(prompt="none", max_age="50"))["error"] == "login_required"
    assert "code" in query(driver.authorize(prompt="none", max_age="1000"))
