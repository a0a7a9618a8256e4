"""The list of browsers a person is signed in with to apps, and the end of one or of all others.

None of it asks for a new sign-in, as withdrawing does not (docs/decisions/0022): it only takes away.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.portal.connected import words
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import logout, own_sessions, sessions

_APPS = 8


def _to_list() -> HttpResponse:
    return see_other(reverse("provider_site:sessions"))


def _row(browser: own_sessions.Browser, here: set[uuid.UUID]) -> dict[str, Any]:
    latest = browser.sessions[0]
    names = own_sessions.application_names(browser=browser, at_most=_APPS + 1)
    return {
        "sid": latest.sid,
        "here": any(session.sid in here for session in browser.sessions),
        "device": words.device(latest.user_agent),
        "address": latest.address,
        "at": latest.auth_time,
        "methods": words.methods(latest.amr),
        "names": names[:_APPS],
        "more": len(names) > _APPS,
    }


@method_decorator(never_cache, name="dispatch")
class SessionsView(LoginRequiredMixin, View):
    """Show where the person is signed in."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the browsers, this one first, then the newest."""
        here = set(sessions.sids_here(request=request))
        rows = [_row(browser, here) for browser in own_sessions.browsers_of(user=request.user)]
        rows.sort(key=lambda row: not row["here"])
        context = {"rows": rows, "site_name": provider_settings.site_name}
        page = render(request, "provider_site/sessions.html", context)
        return protect(page)


class EndView(LoginRequiredMixin, View):
    """End what one browser is signed in to."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, sid: uuid.UUID) -> HttpResponse:
        """End it, say so, and go back to the list; 404 for a session of anybody else."""
        browser = own_sessions.browser_with(user=request.user, sid=sid)
        if browser is None:
            raise Http404
        if logout.end(sids=[session.sid for session in browser.sessions], reason=own_sessions.PERSON):
            messages.success(request, _("Signed out there. The apps are being told."), fail_silently=True)
        return _to_list()


class EndOthersView(LoginRequiredMixin, View):
    """End everything but this browser."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them, say so, and go back to the list."""
        sessions.end_others(request=request)
        messages.success(request, _("Signed out everywhere else. The apps are being told."), fail_silently=True)
        return _to_list()
