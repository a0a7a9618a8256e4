"""How a client proves itself at the token and revocation endpoints (RFC 6749 2.3)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client identifier and secret as they were sent."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"<ClientCredentials {self.client_id}>"


def basic_payload(header: str | None) -> str | None:
    """Return what follows the ``Basic`` scheme, in any case (RFC 9110 11.1), or ``None`` for another scheme."""
    scheme, _space, payload = (header or "").partition(" ")
    return payload.strip() if scheme.lower() == "basic" else None


def from_basic(payload: str) -> ClientCredentials | None:
    """Decode ``client_secret_basic``: base64 of two form-urlencoded parts (RFC 6749 2.3.1); ``None`` when it isn't."""
    try:
        text = base64.b64decode(payload, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    client_id, colon, secret = text.partition(":")
    credentials = ClientCredentials(unquote_plus(client_id), unquote_plus(secret))
    if not colon or "\x00" in credentials.client_id + credentials.client_secret:  # PostgreSQL refuses the query
        return None
    return credentials


def from_body(request: Any) -> ClientCredentials | None:
    """Return ``client_secret_post`` credentials of an oauthlib request, or ``None`` without both."""
    client_id, secret = request.client_id, request.client_secret
    if not client_id or not secret or "\x00" in client_id + secret:
        return None
    return ClientCredentials(client_id, secret)


def by_one_method(request: HttpRequest) -> ClientCredentials | None:
    """Return the credentials of a well-formed request, sent in its header or its form and not in both.

    ``None`` for anything else, whatever is wrong with it; ``Validator.authenticate_client`` says.
    """
    header, form = request.META.get("HTTP_AUTHORIZATION"), request.POST
    if not header:
        client_id, secret = form.get("client_id"), form.get("client_secret")
        return ClientCredentials(client_id, secret) if client_id and secret else None
    sent = from_basic(payload) if (payload := basic_payload(header)) is not None else None
    if sent is None or "client_secret" in form or form.get("client_id", sent.client_id) != sent.client_id:
        return None
    return sent


def is_readable(request: HttpRequest) -> bool:
    """Say whether Django reads the form: one with too much in it, or in another charset, it refuses by a page."""
    try:
        return request.POST is not None
    except (BadRequest, SuspiciousOperation):
        return False


def sent_client_id(request: HttpRequest) -> str:
    """Return the client identifier a token request names in its header or its form, proven or not; may be empty."""
    if (payload := basic_payload(request.headers.get("Authorization"))) is not None:
        credentials = from_basic(payload)
        return credentials.client_id if credentials is not None else ""
    if request.content_type != "application/x-www-form-urlencoded" or not is_readable(request):
        return ""  # such a body was refused unread
    return request.POST.get("client_id") or ""
