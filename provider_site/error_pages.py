"""Error pages for people: what happened, whose fault it is, what to do, and a reference that the log has too."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.errors import AuthorizationRequestExpired, TooManyRequests, reference_of
from provider_site.security_headers import protect
from provider_site.signals import error_shown

logger = logging.getLogger("provider_site.pages")

_PAGES: dict[str, tuple[Any, Any]] = {
    "unknown_client": (
        _("This app is not known here"),
        _("The app that sent you is not registered with us, or it has been switched off. This is not your fault."),
    ),
    "redirect_uri": (
        _("The app sent a wrong return address"),
        _("The address the app wants to send you to is not one it has registered, so we do not send you there."),
    ),
    "request": (
        _("The app sent a request we can't read"),
        _("Something in the app's request is malformed. This is not your fault."),
    ),
    "not_available": (
        _("This app is not open to you yet"),
        _("The app has not been reviewed yet. Until then only the people who build it can sign in to it."),
    ),
    "suspended": (
        _("This app has been suspended"),
        _("We have switched it off: nobody can sign in to it, and it no longer sees anything of anybody here."),
    ),
    "try_it": (
        _("Only the people who build this app can try it here"),
        _("The address you followed is for its developers. You did nothing wrong, and nobody has learnt anything."),
    ),
    "too_many": (
        _("Too many requests"),
        _("This was done so often in a short time that we ask you to wait a little. Nothing is lost or locked."),
    ),
    "expired": (
        _("This sign-in request has expired"),
        _("It was left open for too long, has been answered already, or was begun by another account."),
    ),
}


def error_page(
    request: HttpRequest,
    kind: str,
    *,
    detail: str,
    error: str = "",
    application: Any = None,
    status: int = 400,
    reason: str = "",
    wait: int = 0,
) -> HttpResponse:
    """Answer the person where no client can be trusted with the answer: what happened, whose fault, what to do.

    ``detail`` goes to the log alone, under the reference the page shows; ``reason`` is a reviewer's own words;
    ``wait`` is in seconds.
    """
    reference = reference_of(request)
    title, explanation = _PAGES[kind]
    logger.warning("error page %s: %s (%s)", reference, kind, detail, extra={"event": f"error_page.{kind}"})
    registration = getattr(application, "registration", None) if application is not None else None
    # Nobody has looked at the address of an application that is not approved: no button of ours leads there.
    is_approved = registration is not None and registration.status == registration.Status.APPROVED
    context = {
        "kind": kind,
        "title": title,
        "explanation": explanation,
        "error": error,
        "reason": reason,
        "wait_minutes": -(-wait // 60),
        "reference": reference,
        "application": application,
        "back_url": registration.homepage_url if registration is not None and is_approved else "",
        "site_name": provider_settings.site_name,
    }
    error_shown.send(
        sender=type(request),
        request=request,
        kind=kind,
        client_id=application.client_id if application is not None else "",
    )
    return protect(render(request, "provider_site/error.html", context, status=status))


def too_many_page(request: HttpRequest, error: TooManyRequests) -> HttpResponse:
    """Answer somebody who has to wait, and say for how long (RFC 6585 4)."""
    response = error_page(request, "too_many", detail=error.detail, status=429, wait=error.wait)
    response["Retry-After"] = str(error.wait)
    return response


def expired_page(request: HttpRequest, error: AuthorizationRequestExpired) -> HttpResponse:
    """Answer a person whose kept request is over, with the way back to the application, or why there is none."""
    registration = getattr(error.application, "registration", None)
    if registration is not None and registration.status == registration.Status.SUSPENDED:
        return suspended_page(request, registration)
    return error_page(request, "expired", detail=error.detail, application=error.application, status=410)


def suspended_page(request: HttpRequest, registration: Any) -> HttpResponse:
    """Answer a person whose application a reviewer has switched off, with the reason and no way to the application."""
    return error_page(
        request,
        "suspended",
        detail=f"client {registration.application.client_id}",
        application=registration.application,
        reason=registration.status_reason,
        status=403,
    )
