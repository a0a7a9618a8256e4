"""RFC 8176: authentication method reference values, in the ID token."""

from typing import Any

import pytest

from provider_site.sign_in_settings import MULTI_FACTOR, SINGLE_FACTOR
from tests.provider.driver import Driver, plant_signing_key
from tests.spec.sign_ins import by_password, recorded

# The registry that 2 begins, and what OpenID EAP ACR Values 1.0 has added to it.
REGISTERED = {
    *("face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "retina", "sc"),
    *("sms", "swk", "tel", "user", "vbm", "wia"),
}
PASSWORD = {"method": "password"}
CODE = {"method": "mfa", "type": "totp"}
RECOVERY = {"method": "mfa", "type": "recovery_codes"}
KEY = {"method": "mfa", "type": "webauthn"}
PASSKEY = KEY | {"passwordless": True}
OTHER_SITE = {"method": "socialaccount", "provider": "google", "uid": "1"}


def test_password_is_one_factor(registered: Any, user: Any) -> None:
    """2: pwd."""
    driver = by_password(registered, user)
    claims = driver.id_token(driver.tokens())
    assert (claims["amr"], claims["acr"]) == (["pwd"], SINGLE_FACTOR)


@pytest.mark.parametrize(
    ("records", "amr"),
    [
        ([PASSWORD], {"pwd"}),
        ([PASSWORD, CODE], {"pwd", "otp", "mfa"}),
        ([PASSWORD, RECOVERY], {"pwd", "otp", "mfa"}),
        ([PASSWORD, KEY], {"pwd", "pop", "mfa"}),
        ([PASSKEY], {"pop", "mfa"}),
        ([PASSWORD, PASSWORD], {"pwd"}),
        ([OTHER_SITE, CODE], {"otp"}),
    ],
)
def test_values_are_registered_ones_and_several_factors_are_said_to_be_several(
    registered: Any, user: Any, records: list[dict[str, Any]], amr: set[str]
) -> None:
    """1: a JSON array of strings; 2: mfa beside the methods that were used."""
    driver = recorded(registered, user, *records)
    told = driver.id_token(driver.tokens())["amr"]
    assert isinstance(told, list)
    assert set(told) == amr
    assert amr <= REGISTERED
    assert len(told) == len(amr)


def test_sign_in_at_another_site_claims_no_method(registered: Any, user: Any) -> None:
    """4: how the person signed in there is nothing we know."""
    driver = recorded(registered, user, OTHER_SITE)
    assert not {"amr", "acr"} & driver.id_token(driver.tokens()).keys()


def test_strength_is_told_by_acr(registered: Any, user: Any) -> None:
    """3: "amr" tells the methods, "acr" what they amount to."""
    driver = recorded(registered, user, PASSWORD, CODE)
    claims = driver.id_token(driver.tokens())
    assert (claims["acr"], "mfa" in claims["amr"]) == (MULTI_FACTOR, True)


def test_what_somebody_else_began_in_this_browser_is_not_claimed(registered: Any, user: Any, other_user: Any) -> None:
    """4: a password right for one account says nothing of the next who signs in without one."""
    plant_signing_key()
    driver = Driver(registered, other_user)
    session = driver.browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": 9_999_999_999.0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    claims = driver.id_token(driver.tokens())
    assert "amr" not in claims
    assert claims["auth_time"] < 9_999_999_999


def test_host_may_say_itself_how_people_sign_in(registered: Any, user: Any, settings: Any) -> None:
    """Any host's login: setting AUTHENTICATION_METHODS."""
    plant_signing_key()
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"AUTHENTICATION_METHODS": lambda _request: ["face", "mfa"]}
    claims = Driver(registered, user).id_token(Driver(registered, user).tokens())
    assert (claims["amr"], claims["acr"]) == (["face", "mfa"], MULTI_FACTOR)


def test_sign_in_by_djangos_own_backend_is_by_password(registered: Any, user: Any, settings: Any) -> None:
    """2: pwd."""
    plant_signing_key()
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    driver = Driver(registered)
    driver.browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert driver.id_token(driver.tokens())["amr"] == ["pwd"]
