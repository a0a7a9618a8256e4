"""Answers of the authorization endpoint: to the client by redirect, or to the person by a page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.errors import new_reference
from provider_site.security_headers import protect

logger = logging.getLogger("provider_site.protocol")

_OURS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


class RedirectToClient(HttpResponse):
    """A redirect to a registered redirect URI, of whatever scheme that has.

    302 answers a GET; 303 answers a POST, so that no browser repeats the form to the client (RFC 9700 4.12).
    """

    def __init__(self, location: str, *, after_post: bool) -> None:
        super().__init__(status=303 if after_post else 302)
        self["Location"] = location
        self["Cache-Control"] = "no-store"
        self["Referrer-Policy"] = "no-referrer"


def to_client(request: HttpRequest, redirect_uri: str, parameters: Mapping[str, str | None]) -> RedirectToClient:
    """Answer the client: ``parameters`` and ``iss`` in the query of its redirect URI (RFC 6749 4.1.2, RFC 9207)."""
    parts = urlsplit(redirect_uri)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in _OURS]
    query += [(name, value) for name, value in parameters.items() if value is not None]
    query.append(("iss", provider_settings.issuer))
    location = urlunsplit(parts._replace(query=urlencode(query), fragment=""))
    return RedirectToClient(location, after_post=request.method == "POST")


def error_to_client(
    request: HttpRequest, redirect_uri: str, *, error: str, description: str = "", state: str | None = None
) -> RedirectToClient:
    """Answer the client with an error (RFC 6749 4.1.2.1, OpenID Core 3.1.2.6)."""
    logger.info("authorization request refused: %s (%s)", error, description)
    return to_client(request, redirect_uri, {"error": error, "error_description": description or None, "state": state})


_PAGES: dict[str, tuple[Any, Any]] = {
    "unknown_client": (
        _("This app is not known here"),
        _("The app that sent you is not registered with us, or it has been switched off. This is not your fault."),
    ),
    "redirect_uri": (
        _("The app sent a wrong return address"),
        _("The address the app wants to send you to is not one it has registered, so we do not send you there."),
    ),
    "request": (
        _("The app sent a request we can't read"),
        _("Something in the app's request is malformed. This is not your fault."),
    ),
    "not_available": (
        _("This app is not open to you yet"),
        _("The app has not been reviewed yet. Until then only the people who build it can sign in to it."),
    ),
    "expired": (
        _("This sign-in request has expired"),
        _("It was left open for too long, has been answered already, or was begun by another account."),
    ),
}


def error_page(
    request: HttpRequest, kind: str, *, detail: str, error: str = "", application: Any = None, status: int = 400
) -> HttpResponse:
    """Answer the person where no client can be trusted with the answer: what happened, whose fault, what to do.

    ``detail`` goes to the log alone, under the reference the page shows.
    """
    reference = new_reference()
    title, explanation = _PAGES[kind]
    logger.warning("error page %s: %s (%s)", reference, kind, detail)
    registration = getattr(application, "registration", None) if application is not None else None
    context = {
        "title": title,
        "explanation": explanation,
        "error": error,
        "reference": reference,
        "application": application,
        "back_url": registration.homepage_url if registration is not None else "",
        "site_name": provider_settings.site_name,
    }
    return protect(render(request, "provider_site/error.html", context, status=status))
