"""What the tests of authentication contexts share: ways to sign in at the page, and the means to do it strongly."""

import json
from typing import Any

from allauth.account.models import EmailAddress

from tests import factories
from tests.provider.driver import Driver, plant_signing_key

SECRET = "JBSWY3DPEHPK3PXP"


def by_password(registered: Any, user: Any) -> Driver:
    """Return a browser in which the person has signed in at the page, by password."""
    plant_signing_key()
    driver = Driver(registered)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    answer = driver.browser.post("/accounts/login/", {"login": user.username, "password": factories.PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return driver


def recorded(registered: Any, user: Any, *records: dict[str, Any]) -> Driver:
    """Return a browser with what allauth records of a sign-in."""
    plant_signing_key()
    driver = Driver(registered, user)
    session = driver.browser.session
    session["account_authentication_methods"] = [record | {"at": 1.0} for record in records]
    session.save()
    return driver


def give_app(user: Any) -> None:
    """Give the person an authenticator app."""
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator

    sealed = get_adapter().encrypt(SECRET)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": sealed})


def give_code(driver: Driver, page: Any) -> Any:
    """Send the one-time password that the page asks for; return the provider's answer after it."""
    from allauth.mfa.totp.internal import auth

    assert driver.browser.get(page["Location"]).status_code == 200
    code = auth.format_hotp_value(auth.hotp_value(SECRET, next(iter(auth.yield_hotp_counters_from_time()))))
    posted = driver.browser.post(page["Location"], {"code": code})
    assert posted.status_code == 302, posted.content.decode()[:3000]
    return driver.browser.get(posted["Location"])


def essential(*values: str) -> str:
    """Return a claims parameter without one of these contexts the client can do nothing (OpenID Core 5.5.1.1)."""
    return json.dumps({"id_token": {"acr": {"essential": True, "values": values}}})
