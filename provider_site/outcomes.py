"""What an answer of this provider amounts to, in names of which there are few: for metrics and traces."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from provider_site.policy.grants import DEVICE_CODE

_NAMESPACES = frozenset({"oauth2_provider", "provider_site"})
_AUTHORIZE = frozenset({"authorize", "authorize-resume", "consent"})
_IN_HEADER = re.compile(r'error="([a-z_]+)"')
# RFC 6749, 6750, 7009, 8628, 8707, OpenID Connect Core, Initiating User Registration; what is no standard is "other".
_ERRORS = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "authorization_pending",
        "consent_required",
        "expired_token",
        "insufficient_scope",
        "insufficient_user_authentication",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "invalid_target",
        "invalid_token",
        "login_required",
        "request_not_supported",
        "request_uri_not_supported",
        "registration_not_supported",
        "server_error",
        "slow_down",
        "temporarily_unavailable",
        "unauthorized_client",
        "unmet_authentication_requirements",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
    }
)
_GRANTS = {
    "authorization_code": "authorization_code",
    "client_credentials": "client_credentials",
    "refresh_token": "refresh_token",
    DEVICE_CODE: "device_code",
}


def endpoint(request: HttpRequest) -> str:
    """Return the name of the endpoint or page in this provider's URL configuration; ``other`` for all of the host's."""
    match = request.resolver_match
    if match is None or match.url_name is None or not _NAMESPACES.intersection(match.app_names):
        return "other"
    return str(match.url_name)


def error(request: HttpRequest, response: HttpResponseBase) -> str:
    """Return the OAuth error code that a client is told, ``other`` for one of no standard; empty for none."""
    code = _error(request, response)
    return code if not code or code in _ERRORS else "other"


def _error(request: HttpRequest, response: HttpResponseBase) -> str:
    if response.status_code >= 400:
        if found := _IN_HEADER.search(response.headers.get("WWW-Authenticate", "")):
            return found[1]
        if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith(
            "application/json"
        ):
            try:
                told = json.loads(response.content)
            except ValueError:
                return ""
            return str(told.get("error", "")) if isinstance(told, dict) else ""
        return ""
    if response.status_code in {302, 303} and endpoint(request) in _AUTHORIZE:
        query = parse_qs(urlsplit(response.headers.get("Location", "")).query)
        return query.get("error", [""])[0]
    return ""


def grant_type(request: HttpRequest, response: HttpResponseBase) -> str:
    """Return by which grant tokens were issued; empty where none were."""
    if response.status_code != 200 or endpoint(request) != "token":
        return ""
    return _GRANTS.get(request.POST.get("grant_type", ""), "other")
