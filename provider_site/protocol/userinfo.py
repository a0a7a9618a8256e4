"""The userinfo endpoint (OpenID Core 5.3)."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse

from provider_site.conf import provider_settings
from provider_site.policy import claims, resources
from provider_site.protocol.machine_view import MachineView
from provider_site.services import people
from provider_site.storage import access

logger = logging.getLogger("provider_site.protocol")


class UserInfoView(MachineView):
    """Tell a client what the person allows it to know, in exchange for an access token.

    It reads through storage alone, without oauthlib: the hot path. Any origin may call it with a token, so CORS is
    open; cookies play no part here.
    """

    http_method_names = ["get", "post", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer a token in the Authorization header."""
        return self._answer(request, _header_token(request))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer a token in the Authorization header or the form (RFC 6750 2.2), never in both."""
        header, body = _header_token(request), request.POST.get("access_token")
        if header and body:
            return _challenge(400, "invalid_request", "Send the access token in one place only.")
        is_form = request.content_type == "application/x-www-form-urlencoded"
        return self._answer(request, header or (body if is_form else None))

    def options(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Answer a browser's preflight."""
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = "GET, POST"
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response["Access-Control-Max-Age"] = "86400"
        return _open(response)

    def _answer(self, request: HttpRequest, token: str | None) -> HttpResponse:
        if not token:
            return _challenge(401, None, None)
        record = access.find_with_person(token)
        if record is None or record.refusal is not None or record.row.user is None:
            logger.info("userinfo refused a token: %s", record.refusal if record is not None else "unknown")
            return _challenge(401, "invalid_token", "The access token is invalid or has expired.")
        if not resources.is_addressed(record.row.resource or [], to=provider_settings.issuer):
            return _challenge(401, "invalid_token", "The access token is for another resource.")
        if "openid" not in record.scopes:
            return _challenge(403, "insufficient_scope", "The access token lacks the scope openid.", scope="openid")
        registration = access.registration_of(record.row.application)
        opens = record.opens
        person = people.person(user=record.row.user, registration=registration, scopes=opens, known=record.person)
        response = JsonResponse(claims.for_scopes(person, opens), json_dumps_params={"ensure_ascii": False})
        response["Cache-Control"] = "no-store"
        return _open(response)


def _header_token(request: HttpRequest) -> str | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _challenge(status: int, error: str | None, description: str | None, *, scope: str | None = None) -> HttpResponse:
    """Return an error by ``WWW-Authenticate`` (RFC 6750 3); without a token it names no error (3.1)."""
    attributes = {"realm": "userinfo", "error": error, "error_description": description, "scope": scope}
    value = ", ".join(f'{name}="{text}"' for name, text in attributes.items() if text)
    response = HttpResponse(status=status)
    response["WWW-Authenticate"] = f"Bearer {value}"
    response["Cache-Control"] = "no-store"
    return _open(response)


def _open(response: HttpResponse) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "WWW-Authenticate"
    return response
