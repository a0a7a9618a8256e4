"""Ask this provider's own endpoints without a network: the real views, called in this thread."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, resolve, reverse

from provider_site.conf import provider_settings


def address(name: str) -> str:
    """Return the public address of the protocol's endpoint ``name``."""
    return provider_settings.issuer_origin + reverse(f"oauth2_provider:{name}")


def send(
    request: HttpRequest,
    *,
    name: str,
    form: Mapping[str, str] | None = None,
    authorization: str | None = None,
) -> HttpResponse:
    """Send a client's request to the endpoint ``name``, a POST with ``form``, else a GET; return the view's response.

    Nothing of ``request`` goes with it but the network address: no cookie, no session, no person. Middleware is left
    out: it belongs to what comes from outside, and this never leaves the process.
    """
    body = urlencode(form or {}).encode()
    issuer = urlsplit(provider_settings.issuer_origin)
    prefix = get_script_prefix().rstrip("/")
    environ = {
        "REQUEST_METHOD": "POST" if form is not None else "GET",
        "SCRIPT_NAME": prefix,
        "PATH_INFO": reverse(f"oauth2_provider:{name}").removeprefix(prefix),
        "QUERY_STRING": "",
        "SERVER_NAME": issuer.hostname or "",
        "SERVER_PORT": str(issuer.port or {"https": 443}.get(issuer.scheme, 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.META.get("REMOTE_ADDR", ""),
        "HTTP_HOST": issuer.netloc,
        "HTTP_ACCEPT": "application/json",
        "wsgi.url_scheme": issuer.scheme,
        "wsgi.input": BytesIO(body),
    }
    if form is not None:
        environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body))}
    if authorization is not None:
        environ["HTTP_AUTHORIZATION"] = authorization
    message = WSGIRequest(environ)
    message.user = AnonymousUser()
    match = resolve(message.path_info, getattr(request, "urlconf", None))
    message.resolver_match = match
    response: HttpResponse = match.func(message, *match.args, **match.kwargs)
    return response


def status_line(response: HttpResponse) -> str:
    """Return ``200 OK`` and the like."""
    return f"{response.status_code} {HTTPStatus(response.status_code).phrase}"
