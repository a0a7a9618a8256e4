"""Clients and people, made through the services by which administrators and developers make them."""

from __future__ import annotations

import itertools
from typing import Any

from tests import factories
from tests.conformance.client import ALL_SCOPES, CALLBACK, POST_LOGOUT, Person, RelyingParty
from tests.conformance.listener import Listener
from tests.conformance.op import Op

_numbers = itertools.count(1)
PROFILE = {
    "nickname": "Ada",
    "middle_name": "Byron",
    "profile_url": "https://ada.example/about",
    "website": "https://ada.example/",
    "gender": "female",
    "birthdate": "1985-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+44 20 7946 0018",
    "address_street": "12 St James's Square",
    "address_locality": "London",
    "address_region": "Greater London",
    "address_postal_code": "SW1Y 4JH",
    "address_country": "United Kingdom",
}


def register(op: Op, listener: Listener, *, redirect_uri: str = "", **facts: Any) -> RelyingParty:
    """Register the suite's client: confidential, PKCE waived for it, every standard scope required.

    What is required, its people are not asked to tick: a browser as simple as the suite's presses one button.
    """
    redirect_uri = redirect_uri or listener.url(CALLBACK)
    defaults: dict[str, Any] = {
        "name": "Conformance suite",
        "redirect_uris": [redirect_uri],
        "post_logout_redirect_uris": [listener.url(POST_LOGOUT)],
        "scopes": offered(),
        "pkce_waived": True,
    }
    registered = factories.make_application(**(defaults | facts))
    return RelyingParty(op, listener, registered.application, registered.client_secret, redirect_uri=redirect_uri)


def offered() -> dict[str, bool]:
    """Return the standard scopes that this provider has, each as required."""
    from provider_site.policy.scopes import catalog

    return {name: True for name in ALL_SCOPES if name in catalog()}


def person() -> Person:
    """Make an account of which every standard claim is known."""
    from allauth.account.models import EmailAddress

    from provider_site.models import Profile
    from provider_site.services import profiles

    username = f"ada{next(_numbers)}"
    user = factories.make_user(username, first_name="Ada", last_name="Lovelace")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    profiles.set_avatar(user=user, upload=factories.make_picture())
    Profile.objects.filter(user=user).update(**PROFILE)
    return Person(user, username)
