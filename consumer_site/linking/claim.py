"""Remember that the signed-in person has just proven another account's sign-in to be theirs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.account.authentication import get_authentication_records
from allauth.socialaccount.models import SocialAccount

if TYPE_CHECKING:
    from django.http import HttpRequest

KEY = "consumer_site.claimed_account"
LIFETIME_SECONDS = 600
# The age at which a sign-in no longer shows who sits there.
RECENT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Claim:
    """`account` belongs to another user, and whoever is signed in here has signed in with it a moment ago."""

    account: SocialAccount
    made_at: float


def make(request: HttpRequest, account: SocialAccount) -> None:
    """Keep the claim in the session, for this person alone and for ten minutes."""
    request.session[KEY] = {"account": account.pk, "by": str(request.user.pk), "at": time.time()}


def read(request: HttpRequest) -> Claim | None:
    """Return the claim of the signed-in person, None when there is none, or none any more."""
    kept: dict[str, Any] = request.session.get(KEY) or {}
    made_at = kept.get("at", 0)
    if kept.get("by") != str(request.user.pk) or not 0 <= time.time() - made_at < LIFETIME_SECONDS:
        return None
    account = SocialAccount.objects.select_related("user").filter(pk=kept.get("account")).first()
    if account is None or account.user_id == request.user.pk:
        return None
    return Claim(account=account, made_at=made_at)


def drop(request: HttpRequest) -> None:
    """Forget the claim."""
    request.session.pop(KEY, None)


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether this person has signed in, or proven it anew, within five minutes.

    A session that somebody left open must not be enough to pour two accounts into one.
    """
    return 0 <= time.time() - last_signed_in(request) < RECENT_SECONDS


def last_signed_in(request: HttpRequest) -> float:
    """Return when this person last signed in, or proved it anew, in this session: Unix time in seconds, 0 for never."""
    records = get_authentication_records(request, request.user)
    return max((float(record.get("at", 0)) for record in records), default=0)
