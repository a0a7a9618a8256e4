"""A service of the tests that renews tokens, registered with the vault as a connector would."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.utils import timezone

from consumer_site import vault
from consumer_site.vault import connections

_numbers = itertools.count(1)


@dataclass
class Service:
    """Renew tokens as a test says: `answer` is called with the refresh token, and may raise."""

    name: str = "test-service"
    answer: Callable[[str], vault.TokenSet] = field(default=lambda token: vault.TokenSet("unset"))
    origins: tuple[str, ...] = ("https://service.example",)
    asked: list[str] = field(default_factory=list, repr=False)

    def refresh(self, *, account: SocialAccount, refresh_token: str) -> vault.TokenSet:
        self.asked.append(refresh_token)
        return self.answer(refresh_token)

    def account(self, tokens: vault.TokenSet | None = None, user: Any = None) -> SocialAccount:
        """Return a connected account with these tokens, by default ended ones that can be renewed."""
        number = next(_numbers)
        user = user or get_user_model()._default_manager.create_user(f"vault-{number}")
        account = SocialAccount.objects.create(user=user, provider=self.name, uid=f"uid-{number}")
        vault.save(account=account, tokens=tokens or ended())
        return account


def ended(**changes: Any) -> vault.TokenSet:
    """Return tokens whose access token has ended."""
    return vault.TokenSet(
        **{
            "access_token": "access-0",
            "refresh_token": "refresh-0",
            "expires_at": timezone.now() - timedelta(seconds=1),
            "scope": ("one", "two"),
        }
        | changes
    )


def renewed(number: int = 1, **changes: Any) -> vault.TokenSet:
    """Return what a service may answer."""
    return vault.TokenSet(
        **{
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "expires_at": timezone.now() + timedelta(hours=1),
        }
        | changes
    )


@contextmanager
def registered(service: Service, **connection: Any) -> Iterator[Service]:
    """Have the vault know the service for as long as the test lasts."""
    parts = {"origins": lambda *, account: service.origins, "refresh": service.refresh} | connection
    vault.register(service.name, vault.Connection(**parts))
    try:
        yield service
    finally:
        del connections._connections[service.name]


class Hands:
    """A clock that waits as long as it is asked to without anybody waiting; `during` runs at each wait."""

    def __init__(self) -> None:
        self.time = timezone.now()
        self.waited = 0.0
        self.during: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.waited += seconds
        self.during()

    @property
    def pace(self) -> vault.Pace:
        return vault.Pace(now=self.now, sleep=self.sleep)
