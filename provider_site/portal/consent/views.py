"""The consent page's addresses: show the question, take the decision, go on as somebody else."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.error_pages import expired_page, too_many_page
from provider_site.errors import AuthorizationRequestExpired, ConsentRefused, TooManyRequests
from provider_site.policy import redirect
from provider_site.portal.app_profile_form import AppProfileForm
from provider_site.portal.consent.forms import ALLOW, DENY, PREVIEW, ConsentForm
from provider_site.portal.consent.page import Entered, nothing_yet, page, profile_form
from provider_site.portal.consent.question import Question, read
from provider_site.portal.see_other import see_other
from provider_site.services import (
    app_profiles,
    authorization_requests,
    consents,
    device_authorizations,
    device_requests,
    limits,
    sessions,
)
from provider_site.storage import access


@method_decorator(never_cache, name="dispatch")
class ConsentView(LoginRequiredMixin, View):
    """Show a kept authorization request to its person and take the decision."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer an expired, answered or foreign request by a page that says so."""
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]  # HttpResponseBase
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)
        except TooManyRequests as error:
            return too_many_page(request, error)

    def _question(self, request: HttpRequest, handle: str) -> Question:
        kept = authorization_requests.find(handle=handle, user=request.user)
        # Suspended while the page was open: a consent to it must not be recorded.
        if not access.serves(access.registration_of(kept.application), user_id=request.user.pk):
            raise AuthorizationRequestExpired("the application serves nobody any more", application=kept.application)
        question = read(kept=kept, user=request.user)
        if question.device is not None and not device_authorizations.is_open(question.device):
            raise AuthorizationRequestExpired("the device's code is over", application=kept.application)
        return question

    def get(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show the page."""
        question = self._question(request, handle)
        if question.kept.decision:
            raise AuthorizationRequestExpired("decided already", application=question.application)
        return _compare_first(question, handle) or page(request, question, handle)

    def post(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Record the decision and go on to the application. A form that was altered changes nothing."""
        question = self._question(request, handle)
        if (elsewhere := _compare_first(question, handle)) is not None:
            return elsewhere
        limits.require("consent", request.user.pk)
        # Whatever else is in the form: a no takes nothing that could be altered.
        if request.POST.getlist("decision") == [DENY]:
            consents.deny(authorization_request=question.kept, user=request.user, request=request)
            return see_other(authorization_requests.resume_path(handle=handle, kept=question.kept))
        form = ConsentForm(request.POST, choices=question.choices, offered=question.offered)
        profile = profile_form(question, request.POST, request.FILES)
        entered = Entered(form.chosen_scopes(), form.chosen_duration(otherwise=question.preselected()), profile)
        if not form.is_valid() or _is_altered(request, profile):
            return self._altered(request, question, handle, entered)
        decision = form.cleaned_data["decision"]
        if decision == ALLOW and form.is_stale(seen=question.digest):
            return self._again(request, question, handle)
        if profile is not None and not profile.is_valid():
            text = _("Nothing was saved. Please look at what is marked below.")
            return page(request, question, handle, entered.saying(problem=text), status=400)
        if decision == PREVIEW:
            if question.kept.decision:
                raise AuthorizationRequestExpired("decided already", application=question.application)
            return page(request, question, handle, entered.saying(notice=_("Nothing is saved or shared yet.")))
        try:
            return self._allow(request, question, handle, entered)
        except ConsentRefused:
            return self._altered(request, question, handle, entered)

    def _allow(self, request: HttpRequest, question: Question, handle: str, entered: Entered) -> HttpResponse:
        try:
            with _profile_saved(question, entered.form):
                consents.allow(
                    authorization_request=question.kept,
                    user=request.user,
                    requested=question.requested,
                    required=question.required,
                    ticked=entered.ticked,
                    duration=entered.duration,
                    offered=question.offered,
                    settled=question.settled,
                    request=request,
                )
        except ValidationError as error:  # the other picture was taken away in another tab
            if entered.form is not None:
                entered.form.add_error("app_picture", error.messages)
            return page(request, question, handle, entered, status=400)
        return see_other(authorization_requests.resume_path(handle=handle, kept=question.kept))

    def _again(self, request: HttpRequest, question: Question, handle: str) -> HttpResponse:
        """Show the question as it is now, with none of the choices made about another one."""
        if question.kept.decision:
            raise AuthorizationRequestExpired("decided already", application=question.application)
        problem = _("This has changed while the page was open. Nothing was saved. Please look at it again.")
        return page(request, question, handle, nothing_yet(question).saying(problem=problem), status=409)

    def _altered(self, request: HttpRequest, question: Question, handle: str, entered: Entered) -> HttpResponse:
        problem = _("The form did not match the request. Nothing was saved.")
        return page(request, question, handle, entered.saying(problem=problem), status=400)


def _compare_first(question: Question, handle: str) -> HttpResponse | None:
    """Return the way to the page before, for a device whose code its person has not compared (RFC 8628 5.4)."""
    if question.device is None or question.kept.decision or device_requests.is_compared(question.kept):
        return None
    return see_other(reverse("provider_site:device-confirm", args=[handle]))


def _is_altered(request: HttpRequest, profile: AppProfileForm | None) -> bool:
    if profile is not None:
        return profile.is_altered
    return any(name in request.POST or name in request.FILES for name in AppProfileForm.base_fields)


def _profile_saved(question: Question, form: AppProfileForm | None) -> AbstractContextManager[Any]:
    """Return what keeps the nickname and avatar for this application in one transaction with the decision."""
    if form is None:
        return nullcontext()
    chosen = form.chosen()
    return app_profiles.saved(
        user=question.user,
        application=question.application,
        nickname=chosen.nickname,
        avatar=chosen.avatar,
        picture=chosen.picture,
    )


class SwitchAccountView(LoginRequiredMixin, View):
    """Go on with a request as somebody else."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Let go of the request, sign out, and come back to it after the next sign-in."""
        try:
            kept = authorization_requests.find(handle=handle, user=request.user)
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)
        authorization_requests.release(handle=handle, user=request.user)
        logout(request)
        if destination := redirect.origin(kept.parameters["redirect_uri"]):
            sessions.remember_destination(request=request, source=destination)
        resume = authorization_requests.resume_path(handle=handle, kept=kept)
        return see_other(redirect_to_login(resume, resolve_url(provider_settings.account_switch_url)).url)
