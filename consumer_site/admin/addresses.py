"""The addresses of this site that an entry's provider has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consumer_site.conf import consumer_settings
from consumer_site.openid.entries import HOUSE


@dataclass(frozen=True, slots=True)
class Address:
    """One address to register, as the page shows it; `key` is unique on the page."""

    key: str
    title: str | Promise
    url: str
    about: str | Promise = ""


_HOUSE_ADDRESSES = (
    ("house_logout_done", _("Address after sign-out"), _("post_logout_redirect_uris: where people come back to.")),
    (
        "house_backchannel_logout",
        _("Back-channel sign-out"),
        _("backchannel_logout_uri: the provider tells this site that somebody signed out there. Say yes to sessions."),
    ),
    (
        "house_frontchannel_logout",
        _("Front-channel sign-out"),
        _("frontchannel_logout_uri: only where the provider has no back-channel sign-out."),
    ),
    ("house_initiate", _("Sign-in that starts at the provider"), _("initiate_login_uri, where the provider has it.")),
)


def callback_url(request: HttpRequest, provider: str, provider_id: str = "") -> str:
    """Return the address that people come back to after signing in; empty where the project has no such page."""
    return _absolute(request, f"{provider}_callback", provider, provider_id)


def addresses(request: HttpRequest, provider: str, provider_id: str = "") -> list[Address]:
    """Return every address to register at the provider, the callback first."""
    found = [
        Address(
            "callback",
            _("Callback address"),
            callback_url(request, provider, provider_id),
            _("Also called redirect URI. It is compared letter by letter."),
        )
    ]
    if provider == HOUSE:
        found += [
            Address(name, title, _absolute(request, name, provider, provider_id), about)
            for name, title, about in _HOUSE_ADDRESSES
        ]
        about = _("jwks_uri: only for the authentication method private_key_jwt.")
        found.append(Address("jwks", _("This site's public keys"), _absolute(request, "house_jwks", HOUSE, ""), about))
    return [address for address in found if address.url]


def origin(request: HttpRequest) -> str:
    """Return the origin under which people see the consumer: configured, or that of this page."""
    return consumer_settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


def _absolute(request: HttpRequest, name: str, provider: str, provider_id: str) -> str:
    own: dict[str, Any] = {"provider_id": provider_id} if provider_id and provider_id != provider else {}
    # The admin may be on another host, whose addresses are others.
    urlconf = consumer_settings.URLCONF or settings.ROOT_URLCONF
    for kwargs in (own, {}) if own and provider != HOUSE else (own,):
        try:
            return origin(request) + reverse(name, urlconf=urlconf, kwargs=kwargs)
        except NoReverseMatch:
            continue
    return ""
