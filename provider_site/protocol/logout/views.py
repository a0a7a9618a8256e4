"""The logout endpoint (OpenID RP-Initiated Logout 1.0).

read         hint, client and address: a fault is a page, never a redirect, and ends nothing
decide       policy/logout.py: end at once, ask, or nobody is signed in
sign out     this browser's session; the applications of it are told by services/logout.py
answer       to the registered address, or a page of ours; first through the frames of the front channel
"""

from __future__ import annotations

from django.contrib.auth import logout as django_logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from provider_site.policy import logout as policy
from provider_site.protocol.authorize import languages
from provider_site.protocol.authorize.answers import RedirectToClient
from provider_site.protocol.logout import pages
from provider_site.protocol.logout.requests import LogoutRefused, LogoutRequest, read, unsealed
from provider_site.services import logout, sessions
from provider_site.storage import access

SIGN_OUT = "sign_out"


class _LogoutPages(View):
    """The steps that a new and a resumed request share."""

    def advance(self, request: HttpRequest, asked: LogoutRequest) -> HttpResponse:
        """Take a valid request as far as it goes without the person."""
        language = languages.speak(request, asked.ui_locales)
        here = asked.sid is not None and asked.sid in sessions.sids_here(request=request)
        step = policy.decide(signed_in=request.user.is_authenticated, hint_of_this_browser=here)
        if step is policy.Step.ASK:
            response = pages.question(request, asked)
        else:
            response = self.finish(request, asked, agreed=step is policy.Step.END)
        if language is not None:
            languages.remember(response, language)
        return response

    def finish(self, request: HttpRequest, asked: LogoutRequest, *, agreed: bool) -> HttpResponse:
        """Sign out, if anybody is signed in, and answer.

        To the application's address the browser goes by itself where the application has shown a hint of ours, or the
        person ``agreed``; else only by a click, and never to an address that nobody has reviewed (3).
        """
        serves = access.serves(access.registration_of(asked.application), user_id=request.user.pk)
        if request.user.is_authenticated:
            django_logout(request)
        frames = logout.take_frames(request=request)
        address = asked.address if serves else ""
        goes = bool(address) and (asked.hinted or agreed)
        if goes and not frames:
            return RedirectToClient(address, after_post=request.method == "POST")
        name = ""
        if asked.application is not None:
            name = asked.application.name or asked.application.client_id
        done = pages.outcome_address(
            ended=True, frames=frames, follow=address if goes else "", link="" if goes else address, name=name
        )
        return RedirectToClient(done, after_post=request.method == "POST")


@method_decorator([csrf_exempt, never_cache, login_not_required], name="dispatch")
class LogoutView(_LogoutPages):
    """Take an application's request, by GET or POST (2)."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer a request in the query."""
        try:
            return self.advance(request, read(request.GET))
        except LogoutRefused as error:
            return pages.refused(request, error)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take a request in the body. It comes from another site, without the session's cookie: go on by a GET."""
        try:
            asked = read(request.POST)
        except LogoutRefused as error:
            return pages.refused(request, error)
        address = reverse("oauth2_provider:rp-initiated-logout-asked")
        return RedirectToClient(policy.with_query(address, {"request": asked.sealed()}), after_post=True)


@method_decorator([csrf_protect, never_cache, login_not_required], name="dispatch")
class AskedView(_LogoutPages):
    """Go on with a request that came by POST, and take the person's answer to the question."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Decide now that the browser has shown its session."""
        try:
            return self.advance(request, unsealed(request.GET.get("request", "")))
        except LogoutRefused as error:
            return pages.refused(request, error)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sign out, or leave everything as it is."""
        try:
            asked = unsealed(request.POST.get("request", ""))
        except LogoutRefused as error:
            return pages.refused(request, error)
        if request.POST.get("decision") == SIGN_OUT:
            return self.finish(request, asked, agreed=True)
        stayed = pages.outcome_address(ended=False, frames=[])
        return RedirectToClient(stayed, after_post=True)


@method_decorator([never_cache, login_not_required], name="dispatch")
class DoneView(View):
    """Say what came of it."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page, with the frames of the front channel."""
        return pages.outcome(request, request.GET.get("outcome", ""))
