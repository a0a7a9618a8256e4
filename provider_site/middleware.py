"""What a host adds to its ``MIDDLEWARE``, after its sessions and people: how pages of applications learn of a sign-out.

Without it everything works but OpenID Session Management, after a sign-out by the host's own page the front channel,
and the end from elsewhere of a sign-in at the host's own pages; no application is signed in to from there all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout as django_logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from provider_site.conf import provider_settings
from provider_site.protocol.logout import pages
from provider_site.services import logout, sessions


class ProviderSessionMiddleware:
    """Sign out a browser whose session was ended from elsewhere, and let pages of applications learn of sign-outs.

    A sign-out is led through the front channel. The browser-state cookie is set at a sign-in, another at the next, and
    gone at sign-out. It has no other use than to be compared (OpenID Session Management 3.2), so that a script may read
    it; it goes into frames of other sites, which browsers allow for ``SameSite=None; Secure`` alone. Over plain http it
    is ``Lax``: frames of the same site see it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and see to both where the request looked at its session."""
        # A host may serve other sites by the same process.
        if request.get_host() != urlsplit(provider_settings.issuer).netloc:
            return self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and sessions.was_ended(request=request):
            django_logout(request)
        response = self.get_response(request)
        if request.session.accessed:
            self._keep_cookie(request, response)
            self._load_frames(request, response)
        return response

    def _keep_cookie(self, request: HttpRequest, response: HttpResponseBase) -> None:
        name, state = sessions.browser_state_cookie(request=request), sessions.browser_state(request=request)
        known = request.COOKIES.get(name, "")
        if state and state != known:
            lifetime = None if request.session.get_expire_at_browser_close() else request.session.get_expiry_age()
            secure = request.is_secure()
            response.set_cookie(
                name, state, max_age=lifetime, path="/", secure=secure, samesite="None" if secure else "Lax"
            )
        # A request from another site comes without the session's cookie, and says nothing about the sign-in.
        elif known and not state and settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.delete_cookie(name, path="/", samesite="None" if request.is_secure() else "Lax")

    def _load_frames(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Put the page with the frames between a sign-out and where it leads to on this site (Front-Channel Logout 3).

        The pages for an application's wish have done so themselves.
        """
        location = response.headers.get("Location", "")
        stays = url_has_allowed_host_and_scheme(location, allowed_hosts=None)
        if response.status_code in {302, 303} and stays and (frames := logout.take_frames(request=request)):
            follow = provider_settings.issuer_origin + location if location.startswith("/") else ""
            response.headers["Location"] = pages.outcome_address(ended=True, frames=frames, follow=follow)
