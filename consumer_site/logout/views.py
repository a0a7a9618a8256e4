"""The pages of signing out: the question, and what came of it."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from consumer_site.logout import initiated
from consumer_site.openid.entries import HOUSE, entry_for
from consumer_site.pages import page, provider_form_targets, see_other

# What a form's `where` may say; anything else means: here.
ASK, PROVIDER = "ask", "provider"


@sensitive_variables()
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ask, and on POST end the session here, and where the person wants it at the provider too.

    `where=ask` is of the button on every page: it asks people who have a choice, and signs the others out.
    """
    if not request.user.is_authenticated:
        return _go(reverse("consumer_site:home"))
    offer = initiated.offer_of(request)
    if request.method != "POST":
        return _question(request, offer)
    where = request.POST.get("where")
    if where == ASK and offer is not None:
        return _go(reverse("consumer_site:sign-out"))
    # Here first, and surely: whatever the provider does or does not do comes after.
    get_adapter(request).logout(request)
    if where != PROVIDER or offer is None:
        return _go(reverse("consumer_site:home"))
    address, kept = initiated.leave(request, offer)
    response = _go(address)
    initiated.remember(response, offer.entry, kept)
    return response


def _question(request: HttpRequest, offer: initiated.Offer | None) -> HttpResponse:
    if offer is not None and not initiated.end_session_endpoint(offer.entry):
        offer = None
    context = {"provider_name": offer.entry.name if offer else "", "offers": offer is not None}
    return page(request, "consumer_site/sign_out.html", context, form_action=provider_form_targets() if offer else ())


@login_not_required
@require_safe
def done(request: HttpRequest, provider_id: str = "") -> HttpResponse:
    """Say what came of it, to a browser that comes back from the provider (RP-Initiated Logout section 3)."""
    entry = entry_for(provider_id, request)
    context = {
        "outcome": initiated.outcome_of(request, provider_id or HOUSE),
        "provider_name": entry.name if entry else "",
        # An old page, and somebody has signed in since; or nobody has signed out.
        "still_here": request.user.is_authenticated,
    }
    return page(request, "consumer_site/signed_out.html", context)


def _go(address: str) -> HttpResponse:
    response = see_other(address)
    response["Cache-Control"] = "no-store"
    # The address may name who somebody was at the provider: it goes to nobody else.
    response["Referrer-Policy"] = "no-referrer"
    return response
