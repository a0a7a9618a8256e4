"""What a project adds to its MIDDLEWARE, after Django's sessions and authentication.

Without it an ended session's row is deleted all the same. But a store that caches may bring the session back, when it
was read or written at that very moment; and one that gets a new key, as at a change of password, is known no more.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from consumer_site.logout import sessions


class SessionLinkMiddleware:
    """Sign out a browser whose session was ended with its provider's or with its account; follow one to its new key."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look before and after: one query for a session that a connected account opened, none for others."""
        carried = settings.SESSION_COOKIE_NAME in request.COOKIES
        if carried and sessions.was_ended(request):
            logout(request)
        before = request.session.session_key
        response = self.get_response(request)
        # allauth puts a new object in the session's place.
        if request.session.session_key not in {None, before}:
            sessions.follow(request)
        return response
