"""What a host adds to its ``MIDDLEWARE``, after its sessions and people: the cookie of OpenID Session Management."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from provider_site.conf import provider_settings
from provider_site.services import sessions

_NAME = "provider-state"
_HOST_NAME = f"__Host-{_NAME}"


def cookie_name(request: HttpRequest) -> str:
    """Return the name of the cookie that check_session.js reads; by its prefix no other host can set it."""
    return _HOST_NAME if request.is_secure() else _NAME


class BrowserStateMiddleware:
    """Keep the browser-state cookie as the session has it: set at a sign-in, another at the next, gone at sign-out.

    It has no other use than to be compared (OpenID Session Management 3.2), so that a script may read it; it goes into
    frames of other sites, which a browser does only for ``SameSite=None; Secure``. Over plain http it stays ``Lax``:
    there frames of the same site see it alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and set the cookie where the request looked at its session."""
        response = self.get_response(request)
        # A host may serve other sites by the same process.
        if request.session.accessed and request.get_host() == urlsplit(provider_settings.issuer).netloc:
            self._follow(request, response)
        return response

    def _follow(self, request: HttpRequest, response: HttpResponseBase) -> None:
        name, state = cookie_name(request), sessions.browser_state(request=request)
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
