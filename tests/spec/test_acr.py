"""How a person signed in, told and asked for.

OpenID Core 2 and 5.5.1.1, RFC 8176, RFC 9470, OpenID EAP ACR Values 1.0, and the error code
unmet_authentication_requirements.
"""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from provider_site.sign_in_settings import MULTI_FACTOR, PHISHING_RESISTANT, SINGLE_FACTOR
from tests import factories
from tests.provider.driver import Driver, plant_signing_key, query
from tests.spec.test_openid_core import next_address


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return a browser in which the person has signed in at the page, by password."""
    plant_signing_key()
    driver = Driver(registered)
    sign_in(driver, user)
    return driver


def sign_in(driver: Driver, user: Any) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    answer = driver.browser.post("/accounts/login/", {"login": user.username, "password": factories.PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]


def give_second_factor(driver: Driver, page: Any) -> Any:
    """Send the one-time password that the page asks for; return the provider's answer after it."""
    from allauth.mfa.totp.internal import auth

    assert driver.browser.get(page["Location"]).status_code == 200
    code = auth.format_hotp_value(auth.hotp_value(SECRET, next(iter(auth.yield_hotp_counters_from_time()))))
    posted = driver.browser.post(page["Location"], {"code": code})
    assert posted.status_code == 302, posted.content.decode()[:3000]
    return driver.browser.get(posted["Location"])


SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def second_factor(user: Any) -> None:
    """Give the person an authenticator app."""
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator

    sealed = get_adapter().encrypt(SECRET)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": sealed})


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": values}}})


def test_password_is_one_factor(driver: Driver) -> None:
    """OpenID Core 2 (acr, amr); RFC 8176 2: pwd."""
    claims = driver.id_token(driver.tokens())
    assert (claims["amr"], claims["acr"]) == (["pwd"], SINGLE_FACTOR)


def test_nothing_is_claimed_where_nothing_is_known(registered: Any, user: Any) -> None:
    """OpenID Core 2: optional claims; a session of another way in says nothing of it."""
    plant_signing_key()
    claims = Driver(registered, user).id_token(Driver(registered, user).tokens())
    assert not {"amr", "acr"} & claims.keys()


def test_what_somebody_else_began_in_this_browser_is_not_claimed(registered: Any, user: Any, other_user: Any) -> None:
    """OpenID Core 2: a password right for one account says nothing of the next who signs in without one."""
    plant_signing_key()
    driver = Driver(registered, other_user)
    session = driver.browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": 9_999_999_999.0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    claims = driver.id_token(driver.tokens())
    assert "amr" not in claims
    assert claims["auth_time"] < 9_999_999_999


def test_unheard_values_are_a_wish_and_stop_nobody(driver: Driver) -> None:
    """OpenID Core 3.1.2.1: acr_values is voluntary; 5.5.1.1."""
    claims = driver.id_token(driver.tokens(acr_values="urn:x 1"))
    assert claims["acr"] == SINGLE_FACTOR


def test_person_without_a_second_factor_goes_on_with_one(driver: Driver) -> None:
    """OpenID Core 5.5.1.1: "not an error"."""
    assert driver.id_token(driver.tokens(acr_values=MULTI_FACTOR))["acr"] == SINGLE_FACTOR


def test_person_with_one_is_asked_for_it(driver: Driver, user: Any, second_factor: None) -> None:
    """RFC 9470 4: the wish leads to a stronger sign-in, which the token then tells."""
    page = driver.authorize(acr_values=MULTI_FACTOR)
    assert page["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    asked = give_second_factor(driver, page)
    claims = driver.id_token(driver.redeem(query(driver.consent(asked))["code"]))
    assert claims["acr"] == MULTI_FACTOR
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    assert "code" in query(driver.authorize(acr_values=MULTI_FACTOR)), "asked once"


def test_essential_context_that_cannot_be_reached_is_refused(driver: Driver) -> None:
    """5.5.1.1: "MUST treat that outcome as a failed authentication attempt", by its own error."""
    answer = query(driver.authorize(claims=essential(PHISHING_RESISTANT)))
    assert answer["error"] == "unmet_authentication_requirements"
    assert answer["state"] == "state-1"


def test_essential_context_that_is_reached_is_told(driver: Driver) -> None:
    """5.5.1.1: the value asked for."""
    asked = driver.authorize(claims=essential("urn:x", SINGLE_FACTOR))
    claims = driver.id_token(driver.redeem(query(driver.consent(asked))["code"]))
    assert claims["acr"] == SINGLE_FACTOR


def test_essential_context_not_reached_silently_is_login_required(driver: Driver, second_factor: None) -> None:
    """3.1.2.6: prompt=none may not show the page."""
    driver.code()
    answer = query(driver.authorize(prompt="none", claims=essential(MULTI_FACTOR)))
    assert answer["error"] == "login_required"


def test_going_on_without_the_second_factor_is_no_way_round(driver: Driver, second_factor: None) -> None:
    """5.5.1.1."""
    page = driver.authorize(claims=essential(MULTI_FACTOR))
    assert driver.browser.get(next_address(page))["Location"].startswith("/accounts/2fa/reauthenticate/")
    again = driver.browser.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    assert again.status_code == 302
    assert query(driver.browser.get(next_address(page)))["error"] == "unmet_authentication_requirements"


def test_host_may_say_itself_how_people_sign_in(registered: Any, user: Any, settings: Any) -> None:
    """Any host's login: setting AUTHENTICATION_METHODS."""
    plant_signing_key()
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"AUTHENTICATION_METHODS": lambda _request: ["face", "mfa"]}
    claims = Driver(registered, user).id_token(Driver(registered, user).tokens())
    assert (claims["amr"], claims["acr"]) == (["face", "mfa"], MULTI_FACTOR)


def test_sign_in_by_djangos_own_backend_is_by_password(registered: Any, user: Any, settings: Any) -> None:
    """RFC 8176 2."""
    plant_signing_key()
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    driver = Driver(registered)
    driver.browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert driver.id_token(driver.tokens())["amr"] == ["pwd"]


def test_contexts_are_published(driver: Driver) -> None:
    """OpenID Discovery 3."""
    document = driver.backchannel.get("/.well-known/openid-configuration").json()
    assert document["acr_values_supported"] == [SINGLE_FACTOR, MULTI_FACTOR, PHISHING_RESISTANT]
