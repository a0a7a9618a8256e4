"""The introspection endpoint (RFC 7662)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from oauth2_provider.models import AbstractApplication
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from provider_site.models import Registration
from provider_site.protocol import client_authentication, descriptions, throttling
from provider_site.protocol.machine_view import MachineView
from provider_site.protocol.own_core import OAuthLibMixin
from provider_site.protocol.token import malformed, oauth_error
from provider_site.protocol.validator import Validator
from provider_site.services import introspection, secrets
from provider_site.storage import access_rows, clients


class IntrospectView(OAuthLibMixin, MachineView):
    """Tell a resource server, or a token's own client, whether a token holds and what for.

    Nobody asks without proving who asks (RFC 7662 2.1, 4): otherwise tokens could be tried here.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer in JSON that no cache keeps; 200 also for what is no token (RFC 7662 2.2)."""
        if (wrong := malformed(request) or throttling.used_up(request, "introspection")) is not None:
            return wrong
        told = self._at_once(request)
        response = _answer(told) if told is not None else self._in_full(request)
        throttling.count(request, "introspection", response)
        return response

    def _in_full(self, request: HttpRequest) -> HttpResponse:
        if (refused := throttling.tried_too_often(request)) is not None:
            return refused
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
        return _answer(introspection.introspect(application=application, token=token, hint=hint))

    def _at_once(self, request: HttpRequest) -> dict[str, Any] | None:
        """Return the answer to an ordinary request, by one statement, or ``None``: then nothing was written.

        It is the one that all below would come to; whatever is not ordinary goes there.
        """
        connection, sent = access_rows.connection(), client_authentication.by_one_method(request)
        token = request.POST.get("token")
        if connection is None or sent is None or not token or not self._decides_by_our_own():
            return None
        client = clients.known(connection, sent.client_id)
        secret = client.secret(sent.client_secret, timezone.now()) if client is not None else None
        if client is None or secret is None or not _may_authenticate(client):
            return None
        hint = request.POST.get("token_type_hint", "")
        told = introspection.introspect_at_once(connection=connection, client=client, token=token, hint=hint)
        if told is not None:
            secrets.note_use(secret)
        return told

    def _decides_by_our_own(self) -> bool:
        """Tell whether this project has no validator of its own, which might prove clients in another way."""
        return self.validator_class is None and oauth2_settings.OAUTH2_VALIDATOR_CLASS is Validator

    def _authenticated(self, request: HttpRequest) -> Any | None:
        """Return the application that proved itself as at the token endpoint, or ``None``.

        Raises InvalidRequestError for one that tries by two methods at once.
        """
        core = self.get_oauthlib_core()
        uri, method, body, headers = core._extract_params(request)
        asking = Request(uri, method, body, headers)
        proven = core.server.request_validator.authenticate_client(asking)
        return asking.client if proven else None


def _may_authenticate(client: clients.Client) -> bool:
    """Tell whether a right secret proves the client, as far as its rows say (Validator.authenticate_client)."""
    application = client.application
    return (
        application.client_type == AbstractApplication.CLIENT_CONFIDENTIAL
        and client.registration.status != Registration.Status.SUSPENDED
        and type(application).is_usable is AbstractApplication.is_usable
        and application.registration_source != AbstractApplication.RegistrationSource.CIMD
    )


def _answer(told: dict[str, Any]) -> HttpResponse:
    response = JsonResponse(told)
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response
