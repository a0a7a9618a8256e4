"""The addresses of the authorization endpoint: where a request begins, and where it goes on.

A new request is validated in this order: client and redirect URI first (a fault here is a page), then the rest (a fault
is an answer to the client). pipeline.py has the steps after that.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauthlib.oauth2.rfc6749 import errors as oauthlib_errors

from provider_site.error_pages import error_page, expired_page, suspended_page
from provider_site.errors import AuthorizationRequestExpired, SignedTokenRefused
from provider_site.policy import claims_request
from provider_site.protocol.authorize import answers, direct, languages
from provider_site.protocol.authorize import parameters as parameters_module
from provider_site.protocol.authorize.parameters import AuthorizationParameters, Fault
from provider_site.protocol.authorize.pipeline import Pipeline
from provider_site.protocol.descriptions import unregistered_scopes
from provider_site.protocol.scopes_backend import ScopesBackend
from provider_site.services import applications, authorization_requests, keys, resource_servers
from provider_site.storage import access

_PAGES = {
    oauthlib_errors.InvalidClientIdError: "unknown_client",
    oauthlib_errors.MissingClientIdError: "unknown_client",
    oauthlib_errors.MismatchingRedirectURIError: "redirect_uri",
    oauthlib_errors.MissingRedirectURIError: "redirect_uri",
    oauthlib_errors.InvalidRedirectURIError: "redirect_uri",
    oauthlib_errors.InsecureTransportError: "redirect_uri",
}


@method_decorator([csrf_exempt, never_cache, login_not_required], name="dispatch")
class AuthorizeView(Pipeline):
    """Take a client's authorization request, by GET or POST (OpenID Core 3.1.2.1)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer a request in the query: an ordinary one at once."""
        if type(self) is AuthorizeView and (granted := direct.answer(request)) is not None:
            return granted
        return self._start(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer a request in the body. It comes from another site, so the browser sends no session cookie with it."""
        return self._start(request)

    def _start(self, request: HttpRequest) -> HttpResponse:
        sent, repeated = parameters_module.collect(request.GET, request.POST)
        language = languages.speak(request, sent.get("ui_locales", ""))
        response = self._validated(request, sent, repeated)
        if language is not None:
            languages.remember(response, language)
        return response

    def _validated(self, request: HttpRequest, sent: dict[str, str], repeated: list[str]) -> HttpResponse:
        if detail := parameters_module.unreadable(request.META.get("QUERY_STRING", ""), sent):
            return error_page(request, "request", detail=detail)
        try:
            scope, credentials = self.validate_authorization_request(request)
        except FatalClientError as error:
            if (suspended := applications.suspended(client_id=sent.get("client_id", ""))) is not None:
                return suspended_page(request, suspended)
            fault = error.oauthlib_error
            kind = _PAGES.get(type(fault), "request")
            return error_page(request, kind, detail=str(fault), error=fault.description or fault.error)
        except OAuthToolkitError as error:
            fault = error.oauthlib_error
            application = applications.application_model().objects.get(client_id=sent["client_id"])
            description = fault.description or self._scopes_at_fault(fault, sent)
            return self._at_fault(request, sent, application, fault.redirect_uri, Fault(fault.error, description))
        if "openid" in scope and "redirect_uri" not in sent:  # OpenID Core 3.1.2.1
            return error_page(
                request, "redirect_uri", detail="none was sent", error="The redirect_uri parameter is missing."
            )
        redirect_uri, application = credentials["redirect_uri"], credentials["request"].client
        fault = parameters_module.fault(sent, scope, repeated=repeated, redirect_uri=redirect_uri)
        parameters = fault or self._read(request, sent, scope, redirect_uri, application)
        if isinstance(parameters, Fault):
            return self._at_fault(request, sent, application, redirect_uri, parameters)
        if request.method == "POST":  # with prompt=none too: who is signed in shows at the browser's next request
            handle = self.keep(request, parameters, application)
            response = HttpResponseRedirect(reverse(self.resume_name, args=[handle]))
            response.status_code = 303
            return response
        return self.advance(request, parameters, application)

    def _read(
        self, request: HttpRequest, sent: dict[str, str], scope: list[str], redirect_uri: str, application: Any
    ) -> AuthorizationParameters | Fault:
        """Return the parameters, or what is wrong with those that need more than a look to be read."""
        try:
            claims = parameters_module.claims_of(sent, scope)
        except claims_request.Malformed as error:
            return Fault("invalid_request", str(error))
        subject = None
        if hint := sent.get("id_token_hint"):
            try:
                subject = str(keys.verify(hint, allow_expired=True, audience=application.client_id)["sub"])
            except SignedTokenRefused:
                return Fault("invalid_request", "The id_token_hint is no ID token of ours for this client.")
        if subject and claims.subject and subject != claims.subject:
            return Fault("invalid_request", "The id_token_hint and the claim sub name two people.")
        resource = [name for name in [*request.GET.getlist("resource"), *request.POST.getlist("resource")] if name]
        if wrong := resource_servers.fault(resource):
            return Fault("invalid_target", wrong)
        return parameters_module.read(
            sent,
            redirect_uri=redirect_uri,
            scope=scope,
            claims=claims,
            obtainable=access.registered_scopes(application.pk) if claims.userinfo or claims.id_token else frozenset(),
            subject=subject,
            resource=list(dict.fromkeys(resource)),
        )

    def _at_fault(
        self, request: HttpRequest, sent: dict[str, str], application: Any, redirect_uri: str, fault: Fault
    ) -> HttpResponse:
        """Answer the client with what is wrong with its request, if it is to be answered at all."""
        if (closed := self.closed(request, application, error=fault.error)) is not None:
            return closed
        return answers.error_to_client(
            request,
            redirect_uri,
            error=fault.error,
            description=fault.description,
            state=sent.get("state"),
            response_mode=parameters_module.response_mode(sent, redirect_uri=redirect_uri),
        )

    def _scopes_at_fault(self, fault: Any, sent: dict[str, str]) -> str:
        """Name the scopes the client is not registered for: the commonest mistake of those who begin."""
        if fault.error != "invalid_scope":
            return ""
        application = applications.application_model().objects.filter(client_id=sent.get("client_id")).first()
        if application is None:
            return ""
        return unregistered_scopes(sent.get("scope", ""), ScopesBackend().get_available_scopes(application)) or ""


@method_decorator([never_cache, login_not_required], name="dispatch")
class ResumeView(Pipeline):
    """Go on with a kept request after the person has signed in or decided."""

    def get(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Advance the request behind ``handle``."""
        user = request.user if request.user.is_authenticated else None
        try:
            kept = authorization_requests.find(handle=handle, user=user)
            parameters = AuthorizationParameters.from_json(kept.parameters)
            return self.advance(request, parameters, kept.application, handle, kept)
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)
