"""The ways to the host's own pages where people sign in, sign up, or prove anew who they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from provider_site.conf import provider_settings
from provider_site.policy.authentication import Demand

# What a client is told where the person can't be led to a page (``prompt=none``).
DESCRIPTIONS = {
    Demand.SIGNED_OUT: "The person has to sign in.",
    Demand.SESSION_ENDED: "The person has to sign in.",
    Demand.LOGIN_ASKED: "The person has to sign in.",
    Demand.TOO_OLD: "The person has to sign in again: the last time is longer ago than max_age.",
    Demand.OTHER_PERSON: "Somebody else is signed in than the person that the request names.",
    Demand.STRONGER: "The person has not signed in as strongly as the essential claim acr wants it.",
}


def page(resume: str, *, at: str | None = None, login_hint: str | None = None, create: bool = False) -> HttpResponse:
    """Lead to the sign-in page, to sign-up, or to the page ``at``, from where the person comes back to ``resume``.

    ``login_hint`` goes along for a page that can use it (OpenID Core 3.1.2.1).
    """
    if at is None:
        at = resolve_url(
            provider_settings.signup_url if create and provider_settings.signup_url else settings.LOGIN_URL
        )
    parts = urlsplit(at)
    added = urlencode({REDIRECT_FIELD_NAME: resume, **({"login_hint": login_hint} if login_hint else {})}, safe="/")
    query = f"{parts.query}&{added}" if parts.query else added
    return HttpResponseRedirect(urlunsplit(parts._replace(query=query)))


def can_prove_again(user: Any) -> bool:
    """Tell whether the host has a page where this person proves anew who they are, beside signing out and in.

    Such pages ask for a password: one of allauth's answers 403 to a person who has none.
    """
    return provider_settings.reauthenticate_url is not None and bool(user.has_usable_password())


def again(resume: str) -> HttpResponse:
    """Lead to the host's page where a signed-in person proves anew who they are (``REAUTHENTICATE_URL``)."""
    return page(resume, at=resolve_url(provider_settings.reauthenticate_url or settings.LOGIN_URL))
