"""Decide whether whoever sits at a session may add a way to sign in to its account.

A way in stays for ever, and a session may be somebody else's by now: a browser left open, a cookie that was stolen. So
the account's own person has to have signed in, by any of its ways, shortly before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.core.exceptions import ImproperlyConfigured, MultipleObjectsReturned
from django.urls import NoReverseMatch

from consumer_site.linking import claim

if TYPE_CHECKING:
    from django.http import HttpRequest

# For reading the page that offers the ways, and for being at a provider.
_BEGIN_SECONDS = 600
_FINISH_SECONDS = 600


def needs_proof(request: HttpRequest) -> bool:
    """Return whether the signed-in person has to show first that the account is theirs.

    Not where nothing is left to show it by: neither allauth keeps such a person from what they have.
    """
    return not claim.signed_in_recently(request) and _can_prove(request)


def refuses(request: HttpRequest, *, begun_at: object) -> bool:
    """Return whether the account may not be added that the signed-in person began to connect at `begun_at`.

    `begun_at` is this site's own note of it: Unix time in seconds, or None where there is none, which means now.
    """
    now = time.time()
    begun = begun_at if isinstance(begun_at, (int, float)) else now
    proven = claim.last_signed_in(request)
    in_time = 0 <= now - begun < _FINISH_SECONDS
    if in_time and proven <= now and begun - proven < claim.RECENT_SECONDS + _BEGIN_SECONDS:
        return False
    return _can_prove(request)


def other_proofs(request: HttpRequest) -> list[dict[str, Any]]:
    """Return allauth's own ways for this person to show who they are: password, authenticator app, security key."""
    try:
        found: list[dict[str, Any]] = get_account_adapter(request).get_reauthentication_methods(request.user)
    except NoReverseMatch:  # a project without allauth's pages
        return []
    return found


def _can_prove(request: HttpRequest) -> bool:
    accounts = SocialAccount.objects.filter(user_id=request.user.pk)
    return any(_has_connector(account, request) for account in accounts) or bool(other_proofs(request))


def _has_connector(account: SocialAccount, request: HttpRequest) -> bool:
    try:
        account.get_provider(request)
    except (SocialApp.DoesNotExist, MultipleObjectsReturned, ImproperlyConfigured):
        return False
    return True
