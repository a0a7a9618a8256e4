"""Who may read more than a stranger: whoever sends the monitoring token (RFC 6750 2.1)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

_tokens: dict[str, Callable[[], str]] = {}


def register(app: str, token: Callable[[], str]) -> None:
    """Let `token` be asked, at each request, which text an app's settings name; an empty one opens nothing."""
    _tokens[app] = token


def may_read(request: HttpRequest) -> bool:
    """Tell whether the request carries the token.

    Its address is no proof: behind a proxy on the same machine everybody comes from loopback.
    """
    scheme, _space, sent = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not sent:
        return False
    return any(constant_time_compare(sent, token) for token in (ask() for ask in _tokens.values()) if token)
