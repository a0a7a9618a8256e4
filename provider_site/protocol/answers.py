"""Answers of the authorization endpoint to the client, by redirect."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse

from provider_site.conf import provider_settings
from provider_site.protocol.descriptions import describe
from provider_site.services import usage

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
    description = describe(error, description) or ""
    usage.count_error(client_id=usage.sent_client_id(request), error=error)
    logger.info("authorization request refused: %s (%s)", error, description)
    return to_client(request, redirect_uri, {"error": error, "error_description": description or None, "state": state})
