"""What a host adds to its ``MIDDLEWARE``: a way past it for machines, and how applications learn of a sign-out."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout as django_logout
from django.core.handlers.base import BaseHandler
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, URLResolver, get_resolver, set_urlconf
from django.utils import translation
from django.utils.html import escape
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from provider_site.conf import provider_settings
from provider_site.protocol import endpoints
from provider_site.protocol.authorize import direct
from provider_site.protocol.logout import pages
from provider_site.services import logout, sessions

logger = logging.getLogger("provider_site.middleware")


class EndpointMiddleware:
    """Answer what machines call (token, introspection, userinfo, keys, metadata …) without the middleware below.

    Stands below what every answer needs: security headers, logs, the choice of a host's ``request.urlconf``; and above
    what pages need. The hooks ``process_view`` and ``process_template_response`` of other middleware, wherever it
    stands, are not called for such an answer. A failure goes the whole way down, so that its page is the one it always
    was.

    Of the headers of a page an answer lacks ``Content-Language`` and ``Vary`` by language or cookie: there is no text
    in it for people, and it depends on neither.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer at once where the path is a machine endpoint's in the request's own URL configuration."""
        urlconf = getattr(request, "urlconf", None)
        endpoint = _machine_endpoints(get_resolver(urlconf)).get(request.path_info)
        if endpoint is None:
            return self.get_response(request)
        view, match = endpoint
        request.resolver_match = match
        if urlconf is not None:
            set_urlconf(urlconf)  # as Django does ahead of a view: reverse() asks this thread for it
        translation.deactivate()  # the language of whoever was served last in this thread
        try:
            request.get_host()  # CommonMiddleware may be below: a host that is none of ours is refused all the same
            response = view(request, *match.args, **match.kwargs)
        except Exception as failure:  # noqa: BLE001 - raised again at the end of the stack, whatever it is
            endpoints.keep_failure(request, failure)
        else:
            return _completed(response)
        return self.get_response(request)


@lru_cache(maxsize=32)
def _machine_endpoints(resolver: URLResolver) -> dict[str, tuple[endpoints.View, ResolverMatch]]:
    """Return the machine endpoints by path, each in a transaction where the host has ``ATOMIC_REQUESTS``."""
    handler: Any = BaseHandler()
    return {
        path: (handler.make_view_atomic(match.func), match) for path, match in endpoints.machine_paths(resolver).items()
    }


def _forget(*, setting: str, **_kwargs: Any) -> None:
    if setting in {"PROVIDER_SITE", "DATABASES"}:
        _machine_endpoints.cache_clear()


setting_changed.connect(_forget, dispatch_uid="provider_site.middleware")


def _completed(response: HttpResponseBase) -> HttpResponseBase:
    """Add what CommonMiddleware and XFrameOptionsMiddleware give every answer."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
    response.headers.setdefault("X-Frame-Options", getattr(settings, "X_FRAME_OPTIONS", "DENY").upper())
    return response


class OverloadMiddleware:
    """Refuse at once what has waited so long that its client has probably gone: 503 with Retry-After (RFC 9110 15.6.4).

    More requests than the workers can answer wait in a queue that only grows: everybody waits for what nobody reads
    any more. Where those are refused that waited longest, the others are answered in time.

    Stands first of all. The proxy in front says when it took a request, in X-Request-Start (for nginx
    ``proxy_set_header X-Request-Start "t=${msec}";``); without ``TRUSTED_PROXIES`` nothing is refused.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or say that there is no time to."""
        if provider_settings.trusted_proxies and (began := request.META.get("HTTP_X_REQUEST_START")):
            waited = time.time() - _moment(began)
            # Nobody waits for a minute: those are clocks that differ.
            if provider_settings.max_queue < waited < provider_settings.max_queue + _CLOCKS_DIFFER:
                logger.warning("refused after %.1f s in the queue", waited)
                return _busy(request)
        return self.get_response(request)


_CLOCKS_DIFFER = 60
_BUSY = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title><h1>{title}</h1><p>{text}</p></html>"""


def _moment(text: str) -> float:
    """Return the seconds since 1970 that a proxy wrote as (milli- or micro)seconds; infinite for anything else."""
    try:
        number = float(text.removeprefix("t="))
    except ValueError:
        return float("inf")
    # No loop until it is small enough: infinity never is, and anybody may send it where the proxy lets it through.
    for _unit in ("milliseconds", "microseconds"):
        if number > 1e11:  # the year 5138 in seconds
            number /= 1000
    return number


def _busy(request: HttpRequest) -> HttpResponse:
    if "text/html" in request.META.get("HTTP_ACCEPT", ""):
        with translation.override(translation.get_language_from_request(request)):
            title, text = (
                _("Too many people at once"),
                _("Nothing is lost. Wait a few seconds, then load this page again."),
            )
            page = _BUSY.format(language=translation.get_language(), title=escape(title), text=escape(text))
        response = HttpResponse(page, status=503)
    else:
        told = (
            '{"error": "temporarily_unavailable", "error_description": "Too many requests at once. Try again later."}'
        )
        response = HttpResponse(told, status=503, content_type="application/json")
    response["Retry-After"] = str(1 + secrets.randbelow(5))  # not all at once again
    response["Cache-Control"] = "no-store"
    return response


class ProviderSessionMiddleware:
    """Sign out a browser whose session was ended from elsewhere, and let pages of applications learn of sign-outs.

    It stands after the host's sessions and people. Without it everything works but OpenID Session Management, after a
    sign-out by the host's own page the front channel, and the end from elsewhere of a sign-in at the host's own pages;
    no application is signed in to from there all the same.

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
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            direct.look_ahead(request)
            if sessions.was_ended(request=request):
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
