"""What a person of the site has, and how to ask whether it is still so."""

from typing import Any

from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from tests.factories import PASSWORD

HOST = "localhost:8000"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def is_signed_in(browser: Client) -> bool:
    """Tell whether the browser opens a page of one's own, at its next request."""
    return bool(browser.get("/accounts/email/").status_code == 200)


def after_password(user: Any) -> str:
    """Sign in by password alone, in another browser; return the address that follows, empty where it is refused."""
    browser = Client(headers={"host": HOST})
    answer = browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return str(answer.headers.get("Location", ""))


def prove_address(user: Any) -> None:
    """Let the person's address be proven, as allauth wants it before a sign-in."""
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)


def add_authenticator_app(user: Any) -> None:
    """Give the person an authenticator app."""
    TOTP.activate(user, TOTP_SECRET)
