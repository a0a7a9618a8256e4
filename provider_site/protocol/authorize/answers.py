"""Answers of the authorization endpoint to the client: by redirect, or by a form that the browser posts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from provider_site.conf import provider_settings
from provider_site.policy import redirect
from provider_site.protocol.authorize.parameters import FORM_POST, QUERY
from provider_site.protocol.descriptions import describe
from provider_site.security_headers import protect
from provider_site.services import usage

logger = logging.getLogger("provider_site.protocol")

_OURS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri", "session_state"})


class RedirectToClient(HttpResponse):
    """A redirect to a registered redirect URI, of whatever scheme that has.

    302 answers a GET; 303 answers a POST, so that no browser repeats the form to the client (RFC 9700 4.12).
    """

    def __init__(self, location: str, *, after_post: bool) -> None:
        super().__init__(status=303 if after_post else 302)
        self["Location"] = location
        self["Cache-Control"] = "no-store"
        self["Referrer-Policy"] = "no-referrer"


def to_client(
    request: HttpRequest, redirect_uri: str, parameters: Mapping[str, str | None], *, response_mode: str = QUERY
) -> HttpResponse:
    """Answer the client: ``parameters`` and ``iss`` (RFC 9207) in the query of its redirect URI (RFC 6749 4.1.2).

    With ``form_post`` they are fields of a form instead, and the redirect URI stays as it is.
    """
    sent = {name: value for name, value in parameters.items() if value is not None}
    sent["iss"] = provider_settings.issuer
    if response_mode == FORM_POST:
        return _form(request, redirect_uri, sent)
    # As it stands (3.1.2), cut as text: read and written anew, octets that are no UTF-8 would be others, and an app's
    # "com.example.app:///cb" would lose its slashes.
    address, _mark, query = redirect_uri.partition("#")[0].partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in _OURS]
    location = f"{address}?{'&'.join([*kept, urlencode(sent)])}"
    return RedirectToClient(location, after_post=request.method == "POST")


def _form(request: HttpRequest, redirect_uri: str, fields: Mapping[str, str]) -> HttpResponse:
    """Answer with a page that sends itself on, or at a click where scripts are off (Form Post Response Mode 2)."""
    context: dict[str, Any] = {
        "redirect_uri": redirect_uri,
        "host": redirect.display_host(redirect_uri),
        "fields": fields,
        "site_name": provider_settings.site_name,
    }
    page = render(request, "provider_site/form_post.html", context)
    protect(page, form_action=redirect.origin(redirect_uri))
    page["Referrer-Policy"] = "no-referrer"
    return page


def error_to_client(
    request: HttpRequest,
    redirect_uri: str,
    *,
    error: str,
    description: str = "",
    state: str | None = None,
    response_mode: str = QUERY,
) -> HttpResponse:
    """Answer the client with an error (RFC 6749 4.1.2.1, OpenID Core 3.1.2.6)."""
    description = describe(error, description) or ""
    usage.count_error(client_id=usage.sent_client_id(request), error=error)
    logger.info("authorization request refused: %s (%s)", error, description)
    answer = {"error": error, "error_description": description or None, "state": state}
    return to_client(request, redirect_uri, answer, response_mode=response_mode)
