"""A sign-in that was begun at the provider: the person opened this site from there (OpenID Connect Core 4)."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from allauth.account.internal.decorators import login_not_required
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consumer_site.connectors.house.views import configured_provider
from consumer_site.errors import WrongSender
from consumer_site.pages import sign_in_error_page

_PARAMETERS = ("iss", "target_link_uri")
_MAX_PARAMETER = 2048


# Exempt: it changes nothing. The page it leads to asks the person, by a form of this site's own.
@csrf_exempt
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def initiate(request: HttpRequest) -> HttpResponse:
    """Lead to the page that asks whether to sign in, or on where the person is signed in already.

    ``iss`` has to be the issuer this site is a client of. ``target_link_uri`` is followed on this very host alone, or
    else left out: it would be an open redirector. ``login_hint`` is not used.
    """
    provider = configured_provider(request)
    if isinstance(provider, HttpResponse):
        return provider
    sent = request.POST if request.method == "POST" else request.GET
    issuer = sent.get("iss", "")
    expected = str(provider.app.settings.get("server_url") or "")
    if len(sent.getlist("iss")) != 1 or not expected or not constant_time_compare(issuer, expected):
        return sign_in_error_page(request, WrongSender("initiate: iss is not the configured issuer"), provider=provider)
    target = _on_this_host(request, sent.getlist("target_link_uri"))
    if request.method == "POST":
        # A form of another site brings no cookie along: come back with them, or who is signed in would be asked.
        known = {name: value for name, value in zip(_PARAMETERS, (issuer, target), strict=True) if value}
        response = HttpResponseRedirect(f"{reverse('house_initiate')}?{urlencode(known)}")
        response.status_code = 303
        return response
    if request.user.is_authenticated:
        return HttpResponseRedirect(target or resolve_url(settings.LOGIN_REDIRECT_URL))
    login = reverse("house_login")
    return HttpResponseRedirect(f"{login}?{urlencode({'next': target})}" if target else login)


def _on_this_host(request: HttpRequest, targets: list[str]) -> str:
    """Return path and query of the one address on this host; empty for any other, and for several."""
    if len(targets) != 1 or len(targets[0]) > _MAX_PARAMETER:
        return ""
    target = targets[0]
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(target)
    local = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    # "https://here//elsewhere" has a path that is an address of its own.
    return local if url_has_allowed_host_and_scheme(local, None) and local.startswith("/") else ""
