"""The token endpoint (RFC 6749 3.2)."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from provider_site.policy.grants import DEVICE_CODE
from provider_site.protocol import client_authentication, descriptions, device_grant, direct, throttling
from provider_site.protocol.machine_view import MachineView
from provider_site.protocol.own_core import OAuthLibMixin
from provider_site.services import usage

_GRANT_TYPES = frozenset({"authorization_code", "refresh_token", "client_credentials", DEVICE_CODE})


def oauth_error(request: HttpRequest, error: str, description: str, *, status: int = 400) -> HttpResponse:
    """Return an OAuth error as JSON that no cache keeps (RFC 6749 5.2)."""
    return answer(request, json.dumps({"error": error, "error_description": description}), status, {})


def answer(request: HttpRequest, body: str, status: int, headers: dict[str, Any]) -> HttpResponse:
    """Return oauthlib's answer over HTTP; a 401 names the scheme clients authenticate with, not Bearer."""
    text = descriptions.completed(body) if status >= 400 else body
    response = HttpResponse(text, status=status, content_type="application/json")
    for name, value in headers.items():
        if name.lower() not in {"www-authenticate", "content-type"}:
            response[name] = value
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="client", charset="UTF-8"'
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response


def malformed(request: HttpRequest) -> HttpResponse | None:
    """Answer a client request that isn't a form, or names a parameter twice (RFC 6749 3.2); ``None`` if it is fine."""
    if request.content_type != "application/x-www-form-urlencoded":
        return oauth_error(
            request, "invalid_request", "The request body must be application/x-www-form-urlencoded.", status=400
        )
    if request.META.get("QUERY_STRING"):  # RFC 6749 3.2: parameters are in the body; queries end up in logs
        return oauth_error(request, "invalid_request", "Parameters belong into the request body.")
    if not client_authentication.is_readable(request):
        return oauth_error(request, "invalid_request", "The request body is too large, or not in UTF-8.")
    repeated = [name for name, values in request.POST.lists() if len(values) > 1 and name != "resource"]
    if repeated:
        return oauth_error(request, "invalid_request", "A parameter is repeated.")
    if any("\x00" in value for value in request.POST.values()):
        return oauth_error(request, "invalid_request", "A parameter holds a NUL character.")
    return None


class TokenView(OAuthLibMixin, MachineView):
    """Exchange a code, a refresh token or a client's own credentials for tokens."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer, and count what went wrong: to whom, by the name that was sent."""
        response = malformed(request) or throttling.used_up(request, "token") or self._exchange(request)
        throttling.count(request, "token", response)
        if response.status_code >= 400 and not device_grant.is_ordinary(response.content):
            usage.count_error(client_id=client_authentication.sent_client_id(request))
        return response

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        """Answer what is ordinary at once, and the rest by oauthlib, after the checks it leaves out."""
        grant_type = request.POST.get("grant_type")
        if not grant_type:
            return oauth_error(request, "invalid_request", "The grant_type parameter is missing.")
        if grant_type not in _GRANT_TYPES:
            return oauth_error(request, "unsupported_grant_type", "This grant type is not supported.")
        if self.validator_class is None and self.server_class is None and (told := direct.answer(request)) is not None:
            return answer(request, json.dumps(told), 200, {})
        if (refused := throttling.tried_too_often(request)) is not None:
            return refused
        _uri, headers, body, status = self.create_token_response(request)
        return answer(request, body, status, headers)


class RevokeView(OAuthLibMixin, MachineView):
    """Revoke a client's own token (RFC 7009)."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer 200 whether or not there was such a token (RFC 7009 2.2)."""
        if (wrong := malformed(request)) is not None:
            return wrong
        if not request.POST.get("token"):
            return oauth_error(request, "invalid_request", "The token parameter is missing.")
        if (refused := throttling.used_up(request, "token") or throttling.tried_too_often(request)) is not None:
            return refused
        _uri, headers, body, status = self.create_revocation_response(request)
        response = answer(request, body or "", status, headers)
        throttling.count(request, "token", response)
        return response
