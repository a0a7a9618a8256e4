"""Work out how to show the signed-in person: by the account that they signed in with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount

from consumer_site.calendar.avatar import current_copy
from consumer_site.calendar.connected import label_of, provider_of, sign_ins
from consumer_site.calendar.grants import Grants, grants_of
from consumer_site.models import StoredToken

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Person:
    """What the calendar shows of a person; everything but `initial` may be empty.

    `can_ask` says whether their provider can be asked about them now, `lapsed` that it no longer can.
    """

    nickname: str
    avatar_digest: str
    initial: str
    grants: Grants | None
    account: SocialAccount | None
    can_ask: bool
    lapsed: bool


def signed_in_account(request: HttpRequest) -> SocialAccount | None:
    """Return the account of this session's sign-in, else the person's most recently used one."""
    accounts = SocialAccount.objects.filter(user_id=request.user.pk)
    for provider, uid in sign_ins(request):
        used = accounts.filter(provider=provider, uid=uid).first()
        if used is not None:
            return used
    return accounts.order_by("-last_login").first()


def person_of(request: HttpRequest) -> Person:
    """Return the signed-in person."""
    account = signed_in_account(request)
    provider = provider_of(account) if account else None
    nickname = label_of(account) if account else ""
    address = provider.wrap_account(account).get_avatar_url() if account and provider else None
    copy = current_copy(account, address) if account else None
    tokens = StoredToken.objects.filter(account=account).first() if account else None
    return Person(
        nickname=nickname,
        avatar_digest=copy.digest if copy else "",
        initial=nickname[:1] or "·",
        grants=grants_of(account, provider) if account and provider else None,
        account=account,
        can_ask=bool(tokens and not tokens.needs_sign_in and provider),
        lapsed=bool(tokens and tokens.needs_sign_in),
    )
