"""What a machine calls, told apart from pages: such a view needs neither a session, a user, messages nor a language."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLResolver
from django.urls.resolvers import ResolverMatch, RoutePattern

from provider_site.conf import provider_settings

logger = logging.getLogger("provider_site.endpoints")

View = Callable[..., HttpResponseBase]

_MARK = "is_machine_endpoint"
_FAILURE = "_machine_endpoint_failure"
_ISSUER_PATH = "<path:issuer_path>"
# By when a database that restarts is mostly back.
_RETRY_SECONDS = 5


def machine_endpoint(view: View) -> View:
    """Mark a view that EndpointMiddleware may answer by, ahead of what pages need.

    Called again for a request whose failure was kept, it fails the same way and does nothing a second time.
    """

    @wraps(view)
    def once(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Taken from the request: its traceback holds the request, and neither would be freed.
        failure: Exception | None = request.__dict__.pop(_FAILURE, None)
        if failure is not None:
            raise failure
        try:
            return view(request, *args, **kwargs)
        except (OperationalError, InterfaceError):
            logger.exception("503 at %s: the database does not serve", request.path)
            return _unavailable()

    setattr(once, _MARK, True)
    return once


def _unavailable() -> HttpResponse:
    """Answer that the database is gone, full or busy: 503 with Retry-After (RFC 9110 15.6.4)."""
    for connection in connections.all(initialized_only=True):
        # The host's own transaction around the view (ATOMIC_REQUESTS) must not commit half of it.
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)
    told = {"error": "temporarily_unavailable", "error_description": "The server can't answer now. Try again later."}
    response = HttpResponse(json.dumps(told), status=503, content_type="application/json")
    response["Retry-After"] = str(_RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def keep_failure(request: HttpRequest, failure: Exception) -> None:
    """Have the endpoint that the request leads to raise ``failure`` when it is called again."""
    setattr(request, _FAILURE, failure)


def machine_paths(resolver: URLResolver) -> dict[str, ResolverMatch]:
    """Return where each machine endpoint of a URL configuration is, by its exact path (``request.path_info``).

    Left out are those whose address is no fixed text (a host's regular expression, a prefix by language), and those
    that another pattern of the host stands before.
    """
    found = {}
    for path in _candidates(resolver, "/"):
        match = resolver.resolve(path)
        if getattr(match.func, _MARK, False):
            found[path] = match
    return found


def _candidates(resolver: URLResolver, prefix: str) -> list[str]:
    paths: list[str] = []
    for pattern in resolver.url_patterns:
        # A translated route is a lazy text, and another in each language.
        if not isinstance(pattern.pattern, RoutePattern) or not isinstance(pattern.pattern._route, str):  # type: ignore[attr-defined]  # not in the stubs
            continue
        route = prefix + pattern.pattern._route  # type: ignore[attr-defined]  # as above
        if isinstance(pattern, URLResolver):
            paths += _candidates(pattern, route)
        elif getattr(pattern.callback, _MARK, False):
            path = _with_issuer_path(route)
            paths += [path] if "<" not in path else []
    return paths


def _with_issuer_path(route: str) -> str:
    """Return the route with the path of the issuer in it, which is the only one answered (RFC 8414 3.1)."""
    path = provider_settings.issuer.removeprefix(provider_settings.issuer_origin).strip("/")
    return route.replace(_ISSUER_PATH, path) if path else route
