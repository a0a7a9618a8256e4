"""The device authorization endpoint (RFC 8628 3.1, 3.2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from provider_site.conf import provider_settings
from provider_site.errors import TooManyDevices
from provider_site.policy import user_codes
from provider_site.policy.grants import DEVICE_CODE
from provider_site.protocol import client_authentication, throttling
from provider_site.protocol.descriptions import unregistered_scopes
from provider_site.protocol.device_grant import DeviceGrant
from provider_site.protocol.own_core import OAuthLibMixin
from provider_site.protocol.scopes_backend import ScopesBackend
from provider_site.protocol.token import answer, malformed, oauth_error
from provider_site.services import audit, device_authorizations, usage

_RETRY_SECONDS = 60


@method_decorator([csrf_exempt, login_not_required, sensitive_post_parameters()], name="dispatch")
class BeginView(OAuthLibMixin, View):
    """Give a device the codes by which a person allows it something on another screen."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer with the codes, and count what went wrong: to whom, by the name that was sent."""
        response = malformed(request) or throttling.used_up(request, "token") or self._begin(request)
        throttling.count(request, "token", response)
        if response.status_code >= 400:
            usage.count_error(client_id=client_authentication.sent_client_id(request))
        return response

    def _begin(self, request: HttpRequest) -> HttpResponse:
        """Authenticate the client as at the token endpoint, then check what it asks for."""
        if (refused := throttling.tried_too_often(request)) is not None:
            return refused
        core = self.get_oauthlib_core()
        sent = Request(*core._extract_params(request))
        # As at the token endpoint: DOT and oauthlib look at the grant type to know which client they have before them.
        sent.grant_type = DEVICE_CODE
        grant = DeviceGrant(core.server.request_validator)
        try:
            grant.validate_client_authentication(sent)
            grant.validate_grant_type(sent)
        except errors.OAuth2Error as error:
            return answer(request, error.json, error.status_code, error.headers)
        scopes = (sent.scope or "").split()
        if not scopes:
            return oauth_error(request, "invalid_scope", "Name the scopes you ask for.")
        registered = ScopesBackend().get_available_scopes(sent.client)
        if not set(scopes) <= set(registered):
            named = unregistered_scopes(sent.scope, registered) or "A scope is unknown, or was not granted."
            return oauth_error(request, "invalid_scope", named)
        return self._codes(request, sent.client, scopes)

    def _codes(self, request: HttpRequest, application: Any, scopes: list[str]) -> HttpResponse:
        try:
            codes = device_authorizations.begin(
                application=application,
                scopes=scopes,
                address=audit.address_of(request),
                user_agent=request.headers.get("User-Agent", ""),
            )
        except TooManyDevices as error:
            response = oauth_error(request, error.code, error.description, status=429)
            response["Retry-After"] = str(_RETRY_SECONDS)
            return response
        address = provider_settings.issuer_origin + reverse("oauth2_provider:device")
        user_code = user_codes.display(codes.user_code)
        response = JsonResponse(
            {
                "device_code": codes.device_code,
                "user_code": user_code,
                "verification_uri": address,
                "verification_uri_complete": f"{address}?{urlencode({'user_code': user_code})}",
                "expires_in": codes.expires_in,
                "interval": codes.interval,
            }
        )
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
        return response
