"""The authorization endpoint: one visible pipeline from a client's request to its answer.

    validate     client and redirect URI first (a fault here is a page), then the rest (a fault is a redirect)
    try it       who asks to be answered at the owners' own address has to be one
    sign in      anonymous, or to be proven anew (``prompt=login``, ``max_age``)
    review       may this application serve this person
    consent      policy/consent.py: granted, or a named reason to ask
    answer       a code, used up with the kept request in one transaction

What has to wait for the person is kept on the server; the browser carries only a random handle.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2.rfc6749 import errors as oauthlib_errors

from provider_site.conf import provider_settings
from provider_site.error_pages import error_page, expired_page, suspended_page
from provider_site.errors import AuthorizationRequestExpired, ConsentRefused
from provider_site.models import AuthorizationRequest, DailyCount
from provider_site.policy import consent as consent_policy
from provider_site.policy import redirect
from provider_site.protocol import answers
from provider_site.protocol import authorization_parameters as parameters_module
from provider_site.protocol.authorization_parameters import AuthorizationParameters
from provider_site.protocol.descriptions import unregistered_scopes
from provider_site.protocol.scopes_backend import ScopesBackend
from provider_site.security_headers import protect
from provider_site.services import (
    applications,
    audit,
    authorization_requests,
    consents,
    members,
    sessions,
    situations,
    try_it,
    usage,
)
from provider_site.storage import access, consented
from provider_site.storage.codes import AuthorizationContext

logger = logging.getLogger("provider_site.protocol")


class _Pipeline(OAuthLibMixin, View):
    """The steps that a new and a resumed request share."""

    def advance(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        handle: str | None = None,
        kept: AuthorizationRequest | None = None,
    ) -> HttpResponse:
        """Take the request as far as it goes now: to the client, or to the next page for the person."""
        # First of all: nothing is decided, kept or sent there for who doesn't build this very application.
        if self._is_stranger_trying(request, parameters, application):
            return error_page(request, "try_it", detail=f"client {application.client_id}", status=403)
        answers_itself = request.user.is_authenticated or "none" in parameters.prompt
        if (closed := self.closed(request, application, before_sign_in=not answers_itself)) is not None:
            return closed
        # Taken away since. The owners' own address is registered nowhere.
        if not try_it.is_redirect_uri(parameters.redirect_uri) and not redirect.matches(
            parameters.redirect_uri, application.redirect_uris.split()
        ):
            return error_page(request, "redirect_uri", detail=f"client {application.client_id}")
        if kept is not None and kept.decision == kept.Decision.DENIED and kept.user_id == request.user.pk:
            with transaction.atomic():
                authorization_requests.mark_answered(authorization_request=kept)
            return self.refuse(request, parameters, "access_denied", "The person refused the request.")
        if not request.user.is_authenticated or self._must_prove_again(request, parameters, kept):
            if "none" in parameters.prompt:
                return self.refuse(request, parameters, "login_required", "The person has to sign in.")
            return self._sign_in(request, parameters, application, handle, kept)
        consent = situations.latest(user=request.user, application=application)
        situation = situations.read(
            application=application,
            consent=consent,
            requested=parameters.scope,
            prompt=parameters.prompt,
            redirect_uri=parameters.redirect_uri,
            decided=kept is not None and bool(kept.decision),
        )
        outcome = consent_policy.decide(situation)
        if outcome is consent_policy.Outcome.NOT_ASKED:
            granted = consent_policy.granted_unasked(situation)
            try:
                consent = consents.record_unasked(
                    user=request.user,
                    application=application,
                    granted=granted,
                    seen=consent,
                    request=request,
                )
            except ConsentRefused:  # taken back in this very moment: decide anew
                return self.advance(request, parameters, application, handle, kept)
        elif outcome is not consent_policy.Outcome.GRANTED:
            if "none" in parameters.prompt:
                return self.refuse(request, parameters, "consent_required", "The person has to be asked.")
            handle = handle or self._keep(request, parameters, application)
            return HttpResponseRedirect(reverse("provider_site:consent", args=[handle]))
        return self._answer(request, parameters, consent, kept)

    def closed(
        self, request: HttpRequest, application: Any, *, before_sign_in: bool = False, error: str = ""
    ) -> HttpResponse | None:
        """Return the page for somebody whom the application may not serve in its review state, else ``None``.

        Not even an error goes to an address that nobody has reviewed: whoever may register an application could have
        this site send people anywhere (RFC 9700 4.11.2). ``before_sign_in``, the person may turn out to be a member.
        """
        registration = access.registration_of(application)
        if registration is not None and registration.status == registration.Status.SUSPENDED:
            return suspended_page(request, registration)
        if before_sign_in or access.serves(registration, user_id=request.user.pk):
            return None
        detail = f"client {application.client_id}"
        return error_page(request, "not_available", detail=detail, error=error, application=application, status=403)

    def _is_stranger_trying(self, request: HttpRequest, parameters: AuthorizationParameters, application: Any) -> bool:
        if not request.user.is_authenticated or not try_it.is_redirect_uri(parameters.redirect_uri):
            return False
        return not members.is_owner(application=application, user=request.user)

    def refuse(
        self, request: HttpRequest, parameters: AuthorizationParameters, error: str, description: str
    ) -> HttpResponse:
        """Answer the client with an error."""
        return answers.error_to_client(
            request, parameters.redirect_uri, error=error, description=description, state=parameters.state
        )

    def _must_prove_again(
        self, request: HttpRequest, parameters: AuthorizationParameters, kept: AuthorizationRequest | None
    ) -> bool:
        if sessions.was_ended(request=request):
            return True
        auth_time = sessions.auth_time(request=request)
        if "login" in parameters.prompt and (kept is None or auth_time < kept.created):
            return True
        if parameters.max_age is None:
            return False
        asked_at = kept.created if kept is not None else timezone.now()
        return auth_time < asked_at - timedelta(seconds=parameters.max_age)

    def _keep(self, request: HttpRequest, parameters: AuthorizationParameters, application: Any) -> str:
        user = request.user if request.user.is_authenticated else None
        required = applications.required_scopes(application=application)
        parameters = replace(parameters, required=sorted(required.intersection(parameters.scope)))
        return authorization_requests.keep(application=application, user=user, parameters=parameters.to_json())

    def _sign_in(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        handle: str | None,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse:
        if handle is None:
            handle = self._keep(request, parameters, application)
        # Not where the request is kept: a POST from the client's site comes without the session cookie, and a session
        # begun there would overwrite the one the person is signed in with.
        destination = redirect.origin(parameters.redirect_uri)
        sessions.remember_destination(request=request, source=destination)
        resume = reverse("oauth2_provider:authorize-resume", args=[handle])
        if not request.user.is_authenticated:
            return redirect_to_login(resume)
        if provider_settings.reauthenticate_url is not None:
            return redirect_to_login(resume, resolve_url(provider_settings.reauthenticate_url))
        if kept is None:
            return redirect_to_login(resume)
        # The login page sent a signed-in person straight back. Only their own click signs them out: a link must not.
        context = {"application": application, "handle": handle, "site_name": provider_settings.site_name}
        page = render(request, "provider_site/prove_again.html", context, status=403)
        return protect(page, form_action=destination)

    def _answer(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        consent: Any,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse:
        held = consented.held(consent, access.registration_of(consent.application))
        granted = [scope for scope in parameters.scope if scope in held]
        if not granted:  # not left to oauthlib: it takes an empty list for "not decided" and grants what was asked
            if kept is not None:
                authorization_requests.mark_answered(authorization_request=kept)
            return self.refuse(request, parameters, "access_denied", "The person declined every scope.")
        credentials = {
            **parameters.query(),
            "redirect_uri": parameters.redirect_uri,
            "user": request.user,
            "authorization_context": AuthorizationContext(
                consent=consent,
                session=sessions.current_session(request=request),
                address=audit.address_of(request),
                user_agent=request.headers.get("User-Agent", ""),
            ),
        }
        uri = f"{reverse('oauth2_provider:authorize')}?{urlencode(parameters.query())}"
        server = self.get_oauthlib_core().server
        try:
            with transaction.atomic():
                if kept is not None:
                    authorization_requests.mark_answered(authorization_request=kept)
                headers, _body, _status = server.create_authorization_response(
                    uri, http_method="GET", headers={}, scopes=granted, credentials=credentials
                )
        except oauthlib_errors.FatalClientError as error:  # the registration changed while the person was deciding
            return error_page(request, "request", detail=str(error), error=error.error)
        answer = {name: values[0] for name, values in parse_qs(urlsplit(headers["Location"]).query).items()}
        if "code" not in answer:
            return self.refuse(request, parameters, answer.get("error", "server_error"), "The request no longer holds.")
        usage.count(kind=DailyCount.Kind.SIGN_IN, application_id=consent.application_id)
        return answers.to_client(request, parameters.redirect_uri, {"code": answer["code"], "state": parameters.state})


@method_decorator([csrf_exempt, never_cache, login_not_required], name="dispatch")
class AuthorizeView(_Pipeline):
    """Take a client's authorization request, by GET or POST (OpenID Core 3.1.2.1)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer a request in the query."""
        return self._start(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer a request in the body. It comes from another site, so the browser sends no session cookie with it."""
        return self._start(request)

    def _start(self, request: HttpRequest) -> HttpResponse:
        sent, repeated = parameters_module.collect(request.GET, request.POST)
        if detail := parameters_module.unreadable(request.META.get("QUERY_STRING", ""), sent):
            return error_page(request, "request", detail=detail)
        try:
            scope, credentials = self.validate_authorization_request(request)
        except FatalClientError as error:
            if (suspended := applications.suspended(client_id=sent.get("client_id", ""))) is not None:
                return suspended_page(request, suspended)
            return self._page(request, error.oauthlib_error)
        except OAuthToolkitError as error:
            fault = error.oauthlib_error
            application = applications.application_model().objects.get(client_id=sent["client_id"])
            if (closed := self.closed(request, application, error=fault.error)) is not None:
                return closed
            return answers.error_to_client(
                request,
                fault.redirect_uri,
                error=fault.error,
                description=fault.description or self._scopes_at_fault(fault, sent),
                state=sent.get("state"),
            )
        if "openid" in scope and "redirect_uri" not in sent:  # OpenID Core 3.1.2.1
            return error_page(
                request, "redirect_uri", detail="none was sent", error="The redirect_uri parameter is missing."
            )
        redirect_uri = credentials["redirect_uri"]
        application = credentials["request"].client
        if wrong := parameters_module.fault(sent, scope, repeated=repeated):
            if (closed := self.closed(request, application, error=wrong.error)) is not None:
                return closed
            return answers.error_to_client(
                request, redirect_uri, error=wrong.error, description=wrong.description, state=sent.get("state")
            )
        parameters = parameters_module.read(sent, redirect_uri=redirect_uri, scope=scope)
        if request.method == "POST" and "none" not in parameters.prompt:
            handle = self._keep(request, parameters, application)
            response = HttpResponseRedirect(reverse("oauth2_provider:authorize-resume", args=[handle]))
            response.status_code = 303
            return response
        return self.advance(request, parameters, application)

    def _scopes_at_fault(self, fault: Any, sent: dict[str, str]) -> str:
        """Name the scopes the client is not registered for: the commonest mistake of those who begin."""
        if fault.error != "invalid_scope":
            return ""
        application = applications.application_model().objects.filter(client_id=sent.get("client_id")).first()
        if application is None:
            return ""
        return unregistered_scopes(sent.get("scope", ""), ScopesBackend().get_available_scopes(application)) or ""

    def _page(self, request: HttpRequest, error: Any) -> HttpResponse:
        kinds = {
            oauthlib_errors.InvalidClientIdError: "unknown_client",
            oauthlib_errors.MissingClientIdError: "unknown_client",
            oauthlib_errors.MismatchingRedirectURIError: "redirect_uri",
            oauthlib_errors.MissingRedirectURIError: "redirect_uri",
            oauthlib_errors.InvalidRedirectURIError: "redirect_uri",
            oauthlib_errors.InsecureTransportError: "redirect_uri",
        }
        return error_page(
            request, kinds.get(type(error), "request"), detail=str(error), error=error.description or error.error
        )


@method_decorator([never_cache, login_not_required], name="dispatch")
class ResumeView(_Pipeline):
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
