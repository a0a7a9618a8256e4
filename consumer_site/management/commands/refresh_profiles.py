"""Bring nicknames and pictures up to date, for everybody who allowed it; run it once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from requests import RequestException

from consumer_site.calendar.avatar import current_copy
from consumer_site.calendar.connected import provider_of
from consumer_site.calendar.upkeep import accounts_to_keep_up, bring_up_to_date
from consumer_site.errors import SignInError, SignInNeeded


class Command(BaseCommand):
    """Ask each provider about its accounts; whoever can't be asked is left as is and counted."""

    help = "Bring nicknames and pictures up to date, for everybody who allowed it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through all accounts, one at a time."""
        counts = {"new": 0, "same": 0, "sign-in needed": 0, "failed": 0}
        for account in accounts_to_keep_up():
            try:
                counts["new" if bring_up_to_date(account) else "same"] += 1
            except SignInNeeded:
                counts["sign-in needed"] += 1
                continue
            except (SignInError, RequestException) as error:
                counts["failed"] += 1
                self.stderr.write(f"account {account.pk} at {account.provider}: {getattr(error, 'code', error)}")
                continue
            account.refresh_from_db()
            provider = provider_of(account)
            if provider is not None:
                current_copy(account, provider.wrap_account(account).get_avatar_url())
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
