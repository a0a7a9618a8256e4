"""The page in a frame that tells applications' pages whether the sign-in is still the same (Session Management 3.3).

It shows nothing, takes no click and knows nothing of anybody: a script compares a cookie with what it is sent.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views import View

from provider_site.models import Registration
from provider_site.policy.session_state import browser_origin
from provider_site.services import sessions
from provider_site.services.applications import application_model

_CACHED = "provider_site.frame_origins"
_CACHED_SECONDS = 60
_HEADER_LENGTH = 4000


def registered_origins(*, approved: bool = False) -> frozenset[str]:
    """Return the origins of all redirect URIs: an answer with ``session_state`` is for pages of these alone.

    Those of ``approved`` applications are what anybody may be told of: others may name places of anybody, or so many
    that no application finds room. Kept for a minute, so that a page in a frame on every page of every application asks
    the database no more often.
    """
    key = f"{_CACHED}.{'approved' if approved else 'all'}"
    known = cache.get(key)
    if known is None:
        status = Registration.Status
        closed = {status.SUSPENDED, status.REJECTED}
        open_to = [status.APPROVED] if approved else [one for one in status if one not in closed]
        rows = application_model()._default_manager.filter(
            registration__deleted_at=None, registration__status__in=open_to
        )
        uris = rows.values_list("redirect_uris", flat=True).iterator(chunk_size=1000)
        found = {browser_origin(uri) for text in uris for uri in text.split()}
        known = sorted(origin for origin in found if origin)
        cache.set(key, known, _CACHED_SECONDS)
    return frozenset(known)


def ancestors(referer: str) -> str:
    """Return the CSP sources that may hold the frame: the page that asks, when its origin is registered.

    Where a page hides where it is, all origins of approved applications as far as they go into a header; an IPv6
    address can't be written there.
    """
    asking = browser_origin(referer)
    if asking is not None:
        return asking if asking in registered_origins() and "[" not in asking else "'none'"
    listed = ""
    for origin in sorted(registered_origins(approved=True)):
        if "[" not in origin and len(listed) + len(origin) < _HEADER_LENGTH:
            listed = f"{listed} {origin}".lstrip()
    return listed or "'none'"


@method_decorator(login_not_required, name="dispatch")
class CheckSessionView(View):
    """Serve the frame to pages of registered origins, and to no other."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the page; 404 where the host keeps no state to compare."""
        if not sessions.keeps_browser_state():
            raise Http404
        context = {"cookie_name": sessions.browser_state_cookie(request=request)}
        response = render(request, "provider_site/logout/check_session.html", context)
        static = browser_origin(settings.STATIC_URL or "")
        sources = " ".join(filter(None, ["'self'", static]))
        framing = ancestors(request.headers.get("Referer", ""))
        response["Content-Security-Policy"] = (
            f"default-src 'none'; script-src {sources}; base-uri 'none'; form-action 'none'; frame-ancestors {framing}"
        )
        # Django's middleware would forbid every frame, and older browsers would heed it.
        response.xframe_options_exempt = True
        response["X-Content-Type-Options"] = "nosniff"
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-cache"
        patch_vary_headers(response, ["Referer"])
        return response
