"""Work out how to show the signed-in person: by the account that they signed in with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.account.authentication import get_authentication_records
from allauth.socialaccount.models import SocialAccount

from consumer_site.calendar.avatar import current_copy
from consumer_site.calendar.connected import provider_of
from consumer_site.calendar.grants import Grants, grants_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Person:
    """What the calendar shows of a person; everything but `initial` may be empty."""

    nickname: str
    avatar_digest: str
    initial: str
    grants: Grants | None
    account: SocialAccount | None


def signed_in_account(request: HttpRequest) -> SocialAccount | None:
    """Return the account of this session's sign-in, else the person's most recently used one."""
    accounts = SocialAccount.objects.filter(user_id=request.user.pk)
    for record in reversed(get_authentication_records(request, request.user)):
        if record.get("method") == "socialaccount":
            used = accounts.filter(provider=record.get("provider"), uid=record.get("uid")).first()
            if used is not None:
                return used
    return accounts.order_by("-last_login").first()


def person_of(request: HttpRequest) -> Person:
    """Return the signed-in person."""
    account = signed_in_account(request)
    data: dict[str, Any] = account.extra_data if account and isinstance(account.extra_data, dict) else {}
    provider = provider_of(account) if account else None
    nickname = str(data.get("nickname") or data.get("name") or "")
    address = provider.wrap_account(account).get_avatar_url() if account and provider else None
    copy = current_copy(account, address) if account else None
    return Person(
        nickname=nickname,
        avatar_digest=copy.digest if copy else "",
        initial=nickname[:1] or "·",
        grants=grants_of(account, provider) if account and provider else None,
        account=account,
    )
