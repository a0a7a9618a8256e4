"""Rate limits of the endpoints that clients call (``RATE_LIMITS``): 429 with Retry-After (RFC 6585 4).

What a client is let through is counted once it has proven itself, so that nobody uses up another's share by naming it.
A client without a secret is counted by network. Failures are counted by client and network, and keep from trying what
may still fail: a right secret, read on the short way, is none the worse for what others try in the client's name.
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

from provider_site.errors import TooManyRequests
from provider_site.policy import networks
from provider_site.protocol import client_authentication
from provider_site.services import audit, limits

# Errors by which something is tried (RFC 6749 5.2); a mistake in the request is none.
_TRIED = ('"error": "invalid_client"', '"error": "invalid_grant"')

# DOT's column for client identifiers; two longer ones are both nobody's.
_LONGEST_NAME = 255


def used_up(request: HttpRequest, limit: str) -> HttpResponse | None:
    """Return the refusal of a request beyond what the client it names may do, ``None`` for one to be answered."""
    if limits.nobody_waits():
        return None
    return _refusal(limits.waiting(limit, *_client(request)))


def tried_too_often(request: HttpRequest) -> HttpResponse | None:
    """Return the refusal of a request from where too much was wrong, ``None`` for one to be answered."""
    if limits.nobody_waits() or (network := _network(request)) is None:
        return None
    named = _named(request)
    waits = limits.waiting("failures", named, network), limits.waiting("network_failures", network)
    return _refusal(max(waits))


def count(request: HttpRequest, limit: str, response: HttpResponse) -> None:
    """Count a request by what it was answered."""
    if response.status_code < 400:
        limits.spend(limit, *_client(request))
    elif (
        response.status_code in {400, 401}
        and any(one in response.text for one in _TRIED)
        and (network := _network(request)) is not None
    ):
        limits.spend("failures", _named(request), network)
        limits.spend("network_failures", network)


def _named(request: HttpRequest) -> str:
    """Return whom a request names, no longer than a name can be: what is counted stays in memory for a while."""
    return client_authentication.sent_client_id(request)[:_LONGEST_NAME]


def _client(request: HttpRequest) -> tuple[str, ...]:
    named = _named(request)
    if request.POST.get("client_secret") or "HTTP_AUTHORIZATION" in request.META:
        return (named,)
    return named, _network(request) or ""


def _network(request: HttpRequest) -> str | None:
    address = audit.address_of(request)
    return networks.network_of(address) if address is not None else None


def _refusal(wait: int) -> HttpResponse | None:
    if not wait:
        return None
    told = {"error": TooManyRequests.code, "error_description": TooManyRequests.description}
    response = HttpResponse(json.dumps(told), status=429, content_type="application/json")
    response["Retry-After"] = str(wait)
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response
