"""People in their browsers at the developer pages."""

import re
import time
from datetime import timedelta
from typing import Any

from django.test import Client

from provider_site.conf import provider_settings
from tests.provider.driver import ISSUER_HOST

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def nobody(**options: Any) -> Client:
    """Return the browser of somebody who has not signed in."""
    return Client(headers={"host": ISSUER_HOST}, **options)


def signed_in(user: Any, **options: Any) -> Client:
    """Return the browser of somebody who has just signed in."""
    browser = nobody(**options)
    browser.force_login(user, backend=BACKEND)
    return browser


def grow_stale(browser: Client, *, age: timedelta | None = None) -> None:
    """Let the browser's sign-in be just too old, or as old as said."""
    session = browser.session
    age = provider_settings.recent_sign_in if age is None else age
    session["provider_site.auth_time"] = time.time() - age.total_seconds()
    session.pop("account_authentication_methods", None)  # allauth's own record, of proving anew
    session.save()


def confirm_address(user: Any) -> None:
    """Let the person have proven their e-mail address."""
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def without_forms(answer: Any) -> str:
    """Return a page without what differs by itself from one to the next: CSRF tokens, numbers of rows, seconds."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    text = re.sub(r'(datetime="[^"T]+)T[^"]+"', r"\1", text)
    return re.sub(r"/members/\d+/", "/members/N/", text)
