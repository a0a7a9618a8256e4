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
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consumer_site.connectors.house.provider import well_formed_hint
from consumer_site.errors import WrongSender
from consumer_site.openid.entries import Entry, entries
from consumer_site.pages import sign_in_error_page

_MAX_PARAMETER = 2048


# Exempt: it changes nothing. The page it leads to asks the person, by a form of this site's own.
@csrf_exempt
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def initiate(request: HttpRequest, provider_id: str = "") -> HttpResponse:
    """Lead to the page that asks whether to sign in, or on where the person is signed in already.

    ``iss`` has to be an issuer this site is a client of; the address of an entry is for its issuer alone.
    ``target_link_uri`` is followed on this very host alone, or else left out: it would be an open redirector.
    ``login_hint`` is told to that issuer, and to nobody else.
    """
    sent = request.POST if request.method == "POST" else request.GET
    entry = _entry_of(sent.getlist("iss"), provider_id, request)
    if entry is None:
        fault = WrongSender(
            "initiate: iss is no configured issuer",
            public=_("You were sent here to sign in with a service that this site does not use for that."),
        )
        return sign_in_error_page(request, fault, provider=None)
    known = {
        "iss": entry.server_url,
        "target_link_uri": _on_this_host(request, sent.getlist("target_link_uri")),
        "login_hint": well_formed_hint(sent.get("login_hint")) if len(sent.getlist("login_hint")) == 1 else "",
    }
    if request.method == "POST":
        # A form of another site brings no cookie along: come back with them, or who is signed in would be asked.
        return _leading_to(request.path, known, status=303)
    if request.user.is_authenticated:
        return HttpResponseRedirect(known["target_link_uri"] or resolve_url(settings.LOGIN_REDIRECT_URL))
    login = reverse("house_login", kwargs=entry.path_kwargs)
    return _leading_to(login, {"next": known["target_link_uri"], "login_hint": known["login_hint"]})


def _entry_of(issuers: list[str], provider_id: str, request: HttpRequest) -> Entry | None:
    """Return the entry of the one issuer named, the default one of several; None for no such issuer."""
    if len(issuers) != 1:
        return None
    of_issuer = [entry for entry in entries(request) if constant_time_compare(entry.server_url, issuers[0])]
    fitting = [entry for entry in of_issuer if provider_id in {"", entry.path_id}]
    return min(fitting, key=lambda entry: entry.path_id, default=None)


def _leading_to(address: str, parameters: dict[str, str], *, status: int = 302) -> HttpResponse:
    query = urlencode({name: value for name, value in parameters.items() if value})
    response = HttpResponseRedirect(f"{address}?{query}" if query else address)
    response.status_code = status
    return response


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
