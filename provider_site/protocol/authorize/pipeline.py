"""The steps from a client's request to its answer, as one visible pipeline.

    try it       who asks to be answered at the owners' own address has to be one
    review       may this application serve this person
    sign in      policy/authentication.py: nobody there, or to be proven anew or better
    consent      policy/consent.py: granted, or a named reason to ask
    answer       a code, used up with the kept request in one transaction

What has to wait for the person is kept on the server; the browser carries only a random handle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views import View
from oauthlib.oauth2.rfc6749 import errors as oauthlib_errors

from provider_site.conf import provider_settings
from provider_site.error_pages import error_page, suspended_page, too_many_page
from provider_site.errors import ConsentRefused, TooManyRequests
from provider_site.models import AuthorizationRequest, Consent, DailyCount
from provider_site.policy import authentication, networks, redirect
from provider_site.policy import consent as consent_policy
from provider_site.policy.authentication import Demand
from provider_site.protocol.authorize import answers, sign_in
from provider_site.protocol.authorize.parameters import AuthorizationParameters
from provider_site.protocol.own_core import OAuthLibMixin
from provider_site.security_headers import protect
from provider_site.services import (
    applications,
    audit,
    authorization_requests,
    consents,
    limits,
    members,
    sessions,
    situations,
    subjects,
    try_it,
    usage,
)
from provider_site.storage import access, consented
from provider_site.storage.codes import AuthorizationContext


class Pipeline(OAuthLibMixin, View):
    """The steps that a new and a resumed request share."""

    # The address at which a kept request goes on, by its handle.
    resume_name = "oauth2_provider:authorize-resume"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer by a page where so many requests wait that another one has to."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except TooManyRequests as error:
            return too_many_page(request, error)

    def advance(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        handle: str | None = None,
        kept: AuthorizationRequest | None = None,
    ) -> HttpResponse:
        """Take the request as far as it goes now: to the client, or to the next page for the person."""
        if (wrong := self._wrong_place(request, parameters, application)) is not None:
            return wrong
        if kept is not None and kept.decision == kept.Decision.DENIED and kept.user_id == request.user.pk:
            with transaction.atomic():
                authorization_requests.mark_answered(authorization_request=kept)
            return self.refuse(request, parameters, "access_denied", "The person refused the request.")
        if (unproven := self._prove(request, parameters, application, handle, kept)) is not None:
            return unproven
        consent = situations.latest(user=request.user, application=application)
        situation = situations.read(
            application=application,
            consent=consent,
            requested=parameters.scope,
            prompt=self._prompts(request, parameters, kept),
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
        elif outcome is not consent_policy.Outcome.GRANTED or consent is None:
            if "none" in parameters.prompt:
                return self.refuse(request, parameters, "consent_required", "The person has to be asked.")
            handle = handle or self.keep(request, parameters, application)
            return HttpResponseRedirect(reverse("provider_site:consent", args=[handle]))
        return self._answer(request, parameters, consent, kept)

    # --- Where a request may be answered ---------------------------------------------------------------------------

    def _wrong_place(
        self, request: HttpRequest, parameters: AuthorizationParameters, application: Any
    ) -> HttpResponse | None:
        # First of all: nothing is decided, kept or sent there for who doesn't build this very application.
        if self._is_stranger_trying(request, parameters, application):
            return error_page(request, "try_it", detail=f"client {application.client_id}", status=403)
        answers_itself = request.user.is_authenticated or "none" in parameters.prompt
        if (closed := self.closed(request, application, before_sign_in=not answers_itself)) is not None:
            return closed
        if not self.is_registered(parameters, application):  # taken away since
            return error_page(request, "redirect_uri", detail=f"client {application.client_id}")
        return None

    def is_registered(self, parameters: AuthorizationParameters, application: Any) -> bool:
        """Tell whether the application may still be answered there. The owners' own address is registered nowhere."""
        uri = parameters.redirect_uri
        return try_it.is_redirect_uri(uri) or redirect.matches(uri, application.redirect_uris.split())

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

    # --- Who sits there ----------------------------------------------------------------------------------------------

    def _prove(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        handle: str | None,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse | None:
        """Return the way to the sign-in that the request needs, or the refusal without one; ``None``: go on."""
        situation = self._situation(request, parameters, application, kept)
        demand = authentication.demand(situation)
        if demand is None:
            return None
        if demand is Demand.STRONGER:
            return self._raise(request, parameters, application, handle, situation)
        if "none" in parameters.prompt or (demand is Demand.OTHER_PERSON and situation.proven_since):
            return self.refuse(request, parameters, "login_required", sign_in.DESCRIPTIONS[demand])
        # Whoever it is that comes back: a request of one account is not carried to another.
        nobody = demand is Demand.OTHER_PERSON and handle is None
        handle = handle or self.keep(request, parameters, application, for_anybody=nobody)
        self._remember_destination(request, parameters)
        resume = reverse(self.resume_name, args=[handle])
        if demand is Demand.SIGNED_OUT:
            create = "create" in parameters.prompt
            return sign_in.page(resume, login_hint=parameters.login_hint, create=create)
        if demand is not Demand.OTHER_PERSON:
            if sign_in.can_prove_again(request.user):
                return sign_in.again(resume)
            if kept is None:
                return sign_in.page(resume, login_hint=parameters.login_hint)
        # The login page sent a signed-in person straight back. Only their own click signs them out: a link must not.
        context = {
            "application": application,
            "handle": handle,
            "other_person": demand is Demand.OTHER_PERSON,
            "site_name": provider_settings.site_name,
        }
        page = render(request, "provider_site/prove_again.html", context, status=403)
        return protect(page, form_action=redirect.origin(parameters.redirect_uri))

    def _raise(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        handle: str | None,
        situation: authentication.Situation,
    ) -> HttpResponse | None:
        """Lead to a stronger sign-in where this person has the means. What was only wished for stops nobody."""
        silent, address = "none" in parameters.prompt, None
        if not situation.proven_since and (parameters.acr_essential or not silent):
            address = provider_settings.step_up(request, parameters.acr_values)
        if address is not None and not silent:
            self._remember_destination(request, parameters)
            handle = handle or self.keep(request, parameters, application)
            return sign_in.page(reverse(self.resume_name, args=[handle]), at=address)
        if not parameters.acr_essential:
            return None
        # The client learns whether the same request without prompt=none could succeed.
        error = "unmet_authentication_requirements" if address is None else "login_required"
        return self.refuse(request, parameters, error, sign_in.DESCRIPTIONS[Demand.STRONGER])

    def _situation(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        application: Any,
        kept: AuthorizationRequest | None,
    ) -> authentication.Situation:
        user, wanted = request.user, None
        if user.is_authenticated and parameters.subject is not None:
            registration = access.registration_of(application)
            wanted = subjects.subject_for(user=user, registration=registration) == parameters.subject
        return authentication.Situation(
            signed_in=user.is_authenticated,
            session_ended=user.is_authenticated and sessions.was_ended(request=request),
            auth_time=sessions.auth_time(request=request),
            began=kept.created if kept is not None else timezone.now(),
            resumed=kept is not None,
            login_asked="login" in parameters.prompt,
            max_age=parameters.max_age,
            wanted_person=wanted,
            amr=sessions.methods(request=request) if parameters.acr_values else (),
            wanted_contexts=parameters.acr_values,
        )

    def _prompts(
        self, request: HttpRequest, parameters: AuthorizationParameters, kept: AuthorizationRequest | None
    ) -> list[str]:
        """Return the prompts for the consent page: somebody signed in already is offered another account instead."""
        if "create" not in parameters.prompt:
            return parameters.prompt
        is_new = kept is not None and sessions.auth_time(request=request) >= kept.created
        rest = [value for value in parameters.prompt if value != "create"]
        return rest if is_new else [*rest, "select_account"]

    def _remember_destination(self, request: HttpRequest, parameters: AuthorizationParameters) -> None:
        # Not where the request is kept: a POST from the client's site comes without the session cookie, and a session
        # begun there would overwrite the one the person is signed in with.
        if parameters.redirect_uri:
            sessions.remember_destination(request=request, source=redirect.origin(parameters.redirect_uri))

    def keep(
        self, request: HttpRequest, parameters: AuthorizationParameters, application: Any, *, for_anybody: bool = False
    ) -> str:
        """Keep the request while the person is at another page; return its handle.

        Raises TooManyRequests: without a limit, strangers could fill the database from here.
        """
        if (address := audit.address_of(request)) is not None:
            limits.require("authorize", networks.network_of(address))
        user = request.user if request.user.is_authenticated and not for_anybody else None
        required = applications.required_scopes(application=application)
        parameters = replace(parameters, required=sorted(required.intersection(parameters.scope)))
        return authorization_requests.keep(application=application, user=user, parameters=parameters.to_json())

    # --- The answer --------------------------------------------------------------------------------------------------

    def refuse(
        self, request: HttpRequest, parameters: AuthorizationParameters, error: str, description: str
    ) -> HttpResponse:
        """Answer the client with an error."""
        return answers.error_to_client(
            request,
            parameters.redirect_uri,
            error=error,
            description=description,
            state=parameters.state,
            response_mode=parameters.response_mode,
        )

    def _answer(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        consent: Consent,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse:
        held = consented.held(consent, access.registration_of(consent.application))
        granted = [scope for scope in parameters.scope if scope in held]
        if not granted:  # not left to oauthlib: it takes an empty list for "not decided" and grants what was asked
            if kept is not None:
                authorization_requests.mark_answered(authorization_request=kept)
            return self.refuse(request, parameters, "access_denied", "The person declined every scope.")
        session = sessions.current_session(request=request)
        context = AuthorizationContext(
            consent=consent,
            session=session,
            acr=authentication.context(session.amr, wanted=parameters.acr_values),
            id_token_claims=parameters.id_token_claims,
            address=audit.address_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        response = self.grant(request, parameters, granted=granted, context=context, kept=kept)
        if response.status_code < 400:
            usage.count(kind=DailyCount.Kind.SIGN_IN, application_id=consent.application_id)
        return response

    def grant(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        *,
        granted: list[str],
        context: AuthorizationContext,
        kept: AuthorizationRequest | None,
    ) -> HttpResponse:
        """Answer the client with a code for the scopes ``granted``."""
        try:
            with transaction.atomic():
                if kept is not None:
                    authorization_requests.mark_answered(authorization_request=kept)
                answer = self._code(request, parameters, granted, context)
        except oauthlib_errors.FatalClientError as error:  # the registration changed while the person was deciding
            return error_page(request, "request", detail=str(error), error=error.error)
        if "code" not in answer:
            return self.refuse(request, parameters, answer.get("error", "server_error"), "The request no longer holds.")
        sent = {"code": answer["code"], "state": parameters.state}
        if "openid" in granted:
            sent["session_state"] = sessions.session_state(
                request=request, client_id=parameters.client_id, redirect_uri=parameters.redirect_uri
            )
        return answers.to_client(request, parameters.redirect_uri, sent, response_mode=parameters.response_mode)

    def _code(
        self,
        request: HttpRequest,
        parameters: AuthorizationParameters,
        granted: list[str],
        context: AuthorizationContext,
    ) -> Mapping[str, str]:
        credentials = {
            **parameters.query(),
            "redirect_uri": parameters.redirect_uri,
            "user": request.user,
            "resource": parameters.resource,
            "authorization_context": context,
        }
        uri = f"{reverse('oauth2_provider:authorize')}?{urlencode(parameters.query())}"
        server = self.get_oauthlib_core().server
        headers, _body, _status = server.create_authorization_response(
            uri, http_method="GET", headers={}, scopes=granted, credentials=credentials
        )
        return {name: values[0] for name, values in parse_qs(urlsplit(headers["Location"]).query).items()}
