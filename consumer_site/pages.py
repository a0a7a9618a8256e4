"""Render pages with the headers that all of them need."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from consumer_site.conf import consumer_settings
from consumer_site.errors import Fault, SignInError

logger = logging.getLogger("consumer_site.sign_in")

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def provider_form_targets() -> list[str]:
    """Return the sources that a form leading to any provider may end at.

    A scheme and not a list of origins: a provider may send people on to sign-in hosts of its own, and browsers apply
    form-action to those redirects too. Such forms carry nothing but the CSRF token.
    """
    loopback = ["http://localhost:*", "http://127.0.0.1:*"] if consumer_settings.ALLOW_LOOPBACK_HTTP else []
    return ["https:", *loopback]


def local_next(request: HttpRequest) -> str | None:
    """Return the address on this host that the request wants to go on to, None when it names none or another site's.

    allauth would take any host of ALLOWED_HOSTS too, and fails at an address that can't be read.
    """
    wanted = request.POST.get("next") or request.GET.get("next")
    local = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if local else None


def see_other(address: str) -> HttpResponse:
    """Return the redirect after a form, which browsers follow by GET (RFC 9110 section 15.4.4)."""
    response = HttpResponseRedirect(address)
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    form_action: Iterable[str] = (),
) -> HttpResponse:
    """Return a page that is not cached, not framed, loads nothing foreign, and names itself to no other site.

    `form_action` adds origins that its forms may end at: browsers apply the rule to redirects after a form too.
    """
    # Success is seen without being announced: "signed in as user7" beside the person's own nickname only confuses.
    notices = [notice for notice in get_messages(request) if notice.level != messages.SUCCESS]
    chrome = {
        "calendar_name": consumer_settings.CALENDAR_NAME,
        "notices": notices,
        "notices_chosen": True,
        # Where the language switch leads back to; the address of a form's target answers no GET.
        "language_next": request.get_full_path() if request.method in {"GET", "HEAD"} else "/",
    }
    response = render(request, template, {**chrome, **(context or {})}, status=status)
    harden(response, form_action=form_action)
    return response


def harden(response: HttpResponse, *, form_action: Iterable[str] = ()) -> None:
    """Set the headers of `page` on a response that something else rendered."""
    response["Content-Security-Policy"] = " ".join([POLICY, *form_action])
    # Not no-referrer: with it browsers send "Origin: null" with forms, which CSRF protection refuses.
    response["Referrer-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    add_never_cache_headers(response)


def sign_in_error_page(
    request: HttpRequest,
    error: SignInError,
    *,
    provider: Any,
    next_url: str = "",
    process: str = "",
    form_action: Iterable[str] = (),
) -> HttpResponse:
    """Return the page that says what happened, whose fault it is and what to do next; log it under one reference.

    `provider` is allauth's, or None when there is none to name.
    """
    reference = str(getattr(request, "reference", "")) or secrets.token_hex(4)
    provider_id = getattr(provider, "sub_id", "") if provider else ""
    logger.warning(
        "sign-in failed: %s provider=%s status=%s reference=%s detail=%s",
        error.code,
        provider_id,
        error.status,
        reference,
        error.detail,
        extra={"event": f"sign_in.{error.code}"},
    )
    name = {"provider": getattr(provider, "name", "")}
    title, advice = (process == "connect" and error.connecting) or (error.title, error.advice)
    context = {
        "heading": title,
        "happened": error.public % name,
        "advice": advice % name,
        "fault": error.fault.value,
        "fault_is_ours": error.fault is Fault.SITE,
        "provider_name": name["provider"],
        "reference": reference,
        "retry_url": provider.get_login_url(request) if provider and error.can_retry else "",
        "next_url": next_url,
        "process": process,
        # Not this very address: it holds a code and a state that are used up.
        "language_next": reverse("consumer_site:sign-in"),
        "debug_detail": error.detail if settings.DEBUG else "",
    }
    return page(request, "consumer_site/sign_in_error.html", context, status=error.status, form_action=form_action)
