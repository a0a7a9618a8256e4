"""Sign out at the provider too, at this site's wish (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from allauth.utils import build_absolute_uri
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables
from requests import RequestException

from consumer_site.errors import SignInError
from consumer_site.logout import sessions
from consumer_site.openid.entries import Entry, entry_for

logger = logging.getLogger("consumer_site.logout")

COOKIE = "consumer_sign_out"
_SALT = "consumer_site.logout.initiated"
_KEPT_SECONDS = 600

# What came of it, as the last page tells it.
EVERYWHERE, UNKNOWN, UNREACHABLE = "everywhere", "unknown", "unreachable"


@dataclass(frozen=True, slots=True)
class Offer:
    """The provider that a session came from, and what proves to it whose session is meant (section 2)."""

    entry: Entry
    id_token_hint: str

    def __repr__(self) -> str:
        return f"Offer({self.entry.provider_id!r})"


@sensitive_variables()
def offer_of(request: HttpRequest) -> Offer | None:
    """Return where this browser's session came from, None when that is no configured OpenID provider."""
    link = sessions.link_of(request)
    entry = entry_for(link.provider, request) if link is not None else None
    if link is None or entry is None or entry.server_url != link.issuer:
        return None
    return Offer(entry, sessions.id_token_of(link))


def end_session_endpoint(entry: Entry) -> str:
    """Return where the provider takes people who want to sign out; empty when it has no such place or can't say."""
    try:
        return entry.issuer.metadata().end_session_endpoint
    except (SignInError, RequestException) as error:
        detail = error.detail if isinstance(error, SignInError) else str(error)
        logger.warning("sign-out at the provider: provider=%s can't be reached: %s", entry.provider_id, detail)
        return ""


@sensitive_variables()
def leave(request: HttpRequest, offer: Offer) -> tuple[str, dict[str, str]]:
    """Return where the browser goes now, who is signed out here already, and what `remember` is to keep.

    That is the provider's address, or this site's last page when the provider can't be asked.
    """
    done = reverse("house_logout_done", kwargs=offer.entry.path_kwargs)
    endpoint = end_session_endpoint(offer.entry)
    if not endpoint:
        return done, {"outcome": UNREACHABLE}
    state = secrets.token_urlsafe(32)
    query = {
        "id_token_hint": offer.id_token_hint,
        "client_id": offer.entry.client_id,
        "post_logout_redirect_uri": build_absolute_uri(request, done),
        "state": state,
    }
    sent = urlencode({name: value for name, value in query.items() if value})
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{sent}", {"state": state}


def remember(response: HttpResponse, entry: Entry, kept: dict[str, str]) -> None:
    """Keep in the browser, signed and for ten minutes, what its way back is compared with: no session is left."""
    response.set_cookie(
        COOKIE,
        signing.dumps({"provider": entry.provider_id, **kept}, salt=_SALT),
        max_age=_KEPT_SECONDS,
        path=reverse("house_logout_done", kwargs=entry.path_kwargs),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def outcome_of(request: HttpRequest, provider_id: str) -> str:
    """Return what came of the sign-out that this browser began.

    A state that is another's or is missing proves nothing, and does no harm: the person is signed out here either way.
    """
    try:
        kept: Any = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_KEPT_SECONDS)
    except signing.BadSignature:
        return UNKNOWN
    if kept.get("provider") != provider_id:
        return UNKNOWN
    if kept.get("outcome") == UNREACHABLE:
        return UNREACHABLE
    state, expected = request.GET.getlist("state"), str(kept.get("state", ""))
    known = len(state) == 1 and bool(expected) and constant_time_compare(state[0], expected)
    return EVERYWHERE if known else UNKNOWN
