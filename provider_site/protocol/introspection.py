"""The introspection endpoint (RFC 7662)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from provider_site.protocol import descriptions
from provider_site.protocol.own_core import OAuthLibMixin
from provider_site.protocol.token import malformed, oauth_error
from provider_site.services import introspection


@method_decorator([csrf_exempt, login_not_required, sensitive_post_parameters()], name="dispatch")
class IntrospectView(OAuthLibMixin, View):
    """Tell a resource server, or a token's own client, whether a token holds and what for.

    Nobody asks without proving who asks (RFC 7662 2.1, 4): otherwise tokens could be tried here.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer in JSON that no cache keeps; 200 also for what is no token (RFC 7662 2.2)."""
        if (wrong := malformed(request)) is not None:
            return wrong
        try:
            application = self._authenticated(request)
        except errors.InvalidRequestError as error:
            return oauth_error(request, error.error, error.description)
        if application is None:
            description = descriptions.describe("invalid_client", None) or ""
            return oauth_error(request, "invalid_client", description, status=401)
        if not (token := request.POST.get("token")):
            return oauth_error(request, "invalid_request", "The token parameter is missing.")
        hint = request.POST.get("token_type_hint", "")
        response = JsonResponse(introspection.introspect(application=application, token=token, hint=hint))
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
        return response

    def _authenticated(self, request: HttpRequest) -> Any | None:
        """Return the application that proved itself as at the token endpoint, or ``None``.

        Raises InvalidRequestError for one that tries by two methods at once.
        """
        core = self.get_oauthlib_core()
        uri, method, body, headers = core._extract_params(request)
        asking = Request(uri, method, body, headers)
        proven = core.server.request_validator.authenticate_client(asking)
        return asking.client if proven else None
