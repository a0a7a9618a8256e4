"""What a person sees of a logout: the question, that it is done, or why nothing was done."""

from __future__ import annotations

import logging
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.errors import reference_of
from provider_site.policy import redirect
from provider_site.policy.logout import Refusal
from provider_site.protocol.logout.requests import LogoutRefused, LogoutRequest
from provider_site.security_headers import protect
from provider_site.services import people
from provider_site.services.logout import Frame
from provider_site.signals import error_shown

logger = logging.getLogger("provider_site.pages")

_SALT = "provider_site.logout.done"
_KEPT_SECONDS = 600
_FRAMES_SECONDS = 5
_WORDS: dict[Refusal, tuple[Any, Any, str]] = {
    Refusal.MALFORMED: (
        _("We can't read this request to sign out"),
        _("Something in it is malformed, or it was left open for too long. This is not your fault."),
        "malformed or expired request",
    ),
    Refusal.HINT: (
        _("This request to sign out can't be believed"),
        _("The app sent a proof of your sign-in that is not from us, or that we no longer accept."),
        "id_token_hint is not valid",
    ),
    Refusal.UNKNOWN_CLIENT: (
        _("The app that asks you to sign out is not known here"),
        _("It is not registered with us, or it has been switched off. This is not your fault."),
        "client_id is not registered",
    ),
    Refusal.MISMATCH: (
        _("This request to sign out can't be believed"),
        _("The app sent a proof of your sign-in that was given to another app."),
        "client_id and id_token_hint disagree",
    ),
    Refusal.NO_CLIENT: (
        _("This request to sign out doesn't say which app it is from"),
        _("It wants to send you on to an address, but we send nobody to an address that no app has registered."),
        "post_logout_redirect_uri needs id_token_hint or client_id",
    ),
    Refusal.REDIRECT_URI: (
        _("The app sent a wrong return address"),
        _("The address the app wants to send you to is not one it has registered, so we do not send you there."),
        "post_logout_redirect_uri is not registered",
    ),
}


def refused(request: HttpRequest, error: LogoutRefused) -> HttpResponse:
    """Answer a request that is not valid: nothing is ended, and the person may still sign out by themselves."""
    reference = reference_of(request)
    title, explanation, public = _WORDS[error.refusal]
    logger.warning("logout refused %s: %s (%s)", reference, error.refusal, error)
    client_id = error.application.client_id if error.application is not None else ""
    error_shown.send(sender=type(request), request=request, kind=f"logout_{error.refusal}", client_id=client_id)
    context = {
        "title": title,
        "explanation": explanation,
        "error": public,
        "reference": reference,
        "site_name": provider_settings.site_name,
    }
    return protect(render(request, "provider_site/logout/refused.html", context, status=400))


def question(request: HttpRequest, asked: LogoutRequest) -> HttpResponse:
    """Ask the person whether to sign out: nothing proves that who sent them here may decide it."""
    context = {
        "application": asked.application,
        "sealed": asked.sealed(),
        "person": people.display_name(user=request.user),
        "site_name": provider_settings.site_name,
    }
    page = render(request, "provider_site/logout/question.html", context)
    # Chrome applies form-action to the redirect that follows the answer.
    return protect(page, form_action=redirect.origin(asked.redirect_uri))


def outcome_address(*, ended: bool, frames: list[Frame], follow: str = "", link: str = "", name: str = "") -> str:
    """Return the address of the page that says what came of it.

    It loads ``frames``, then goes on to ``follow`` by itself; to ``link`` it goes at a click alone. ``name`` is whose
    address that is. All of it is signed: nobody else sends people anywhere by that page.
    """
    values = [ended, [[frame.name, frame.address] for frame in frames], follow, link, name]
    outcome = signing.dumps(values, salt=_SALT, compress=True)
    return f"{reverse('oauth2_provider:rp-initiated-logout-done')}?outcome={outcome}"


def outcome(request: HttpRequest, text: str) -> HttpResponse:
    """Show what came of it. A text that is not ours, or too old, says nothing but that somebody was signed out."""
    try:
        ended, frames, follow, link, name = signing.loads(text, salt=_SALT, max_age=_KEPT_SECONDS)
    except signing.BadSignature:
        ended, frames, follow, link, name = True, [], "", "", ""
    context = {
        "ended": ended and not request.user.is_authenticated,  # an old page, and somebody has signed in since
        "frames": [Frame(*each) for each in frames],
        "follow": follow,
        "address": follow or link,
        "name": name,
        "site_name": provider_settings.site_name,
    }
    page = render(request, "provider_site/logout/outcome.html", context)
    if follow:  # what the script does sooner
        page["Refresh"] = f"{_FRAMES_SECONDS};url={follow}"
    return protect(page, frames=[redirect.origin(address) for _name, address in frames])
