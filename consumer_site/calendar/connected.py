"""Describe a person's connected accounts as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.core.exceptions import ImproperlyConfigured, MultipleObjectsReturned
from django.http import HttpRequest

from consumer_site.models import StoredToken


@dataclass(frozen=True, slots=True)
class Connected:
    """One connected account; `connect_url` is empty when its connector is no longer configured.

    `elsewhere` says where the person has to be to sign in with it, where that is not here.
    """

    account: SocialAccount
    name: str
    label: str
    connect_url: str
    in_use: bool
    needs_sign_in: bool
    elsewhere: str = ""


def provider_of(account: SocialAccount, request: HttpRequest | None = None) -> Any:
    """Return the account's connector, None when its configuration is gone or is not one."""
    try:
        return account.get_provider(request)
    except (SocialApp.DoesNotExist, MultipleObjectsReturned, ImproperlyConfigured):
        return None


def provider_name_of(account: SocialAccount, request: HttpRequest | None = None) -> str:
    """Return the connector's name, its id when it is gone."""
    provider = provider_of(account, request)
    app = getattr(provider, "app", None)
    return str((app.name if app else "") or getattr(provider, "name", "") or account.provider)


def label_of(account: SocialAccount) -> str:
    """Return the nickname, empty when there is none."""
    data = account.extra_data if isinstance(account.extra_data, dict) else {}
    return str(data.get("nickname") or data.get("name") or data.get("login") or "")


def connected_accounts(request: HttpRequest, *, accounts: Iterable[SocialAccount] | None = None) -> list[Connected]:
    """Return the signed-in person's accounts, oldest first, or describe those given."""
    if accounts is None:
        accounts = SocialAccount.objects.filter(user_id=request.user.pk).order_by("date_joined", "pk")
    accounts = list(accounts)
    lapsed = set(
        StoredToken.objects.filter(account__in=accounts, needs_sign_in=True).values_list("account_id", flat=True)
    )
    used = next(sign_ins(request), None)
    return [_described(account, request, used=used, lapsed=lapsed) for account in accounts]


def _described(
    account: SocialAccount, request: HttpRequest, *, used: tuple[object, object] | None, lapsed: set[int]
) -> Connected:
    provider = provider_of(account, request)
    return Connected(
        account=account,
        name=provider_name_of(account, request),
        label=label_of(account),
        connect_url=provider.get_login_url(request) if provider else "",
        in_use=(account.provider, account.uid) == used,
        needs_sign_in=account.pk in lapsed,
        elsewhere=_elsewhere(provider, account, request),
    )


def _elsewhere(provider: Any, account: SocialAccount, request: HttpRequest) -> str:
    # Of our connectors WeChat alone has two entrances, each with accounts of its own.
    found = getattr(provider.wrap_account(account), "sign_in_elsewhere", None) if provider else None
    return str(found(request)) if found else ""


def sign_ins(request: HttpRequest) -> Iterator[tuple[object, object]]:
    """Yield provider and uid of the accounts that this session was signed in with, the newest first."""
    for record in reversed(get_authentication_records(request, request.user)):
        if record.get("method") == "socialaccount":
            yield record.get("provider"), record.get("uid")
