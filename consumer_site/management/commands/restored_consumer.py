"""Make a database that was restored from a backup fit to serve."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from consumer_site.logout import restoring


class Command(BaseCommand):
    """Run after a restore, before the site serves."""

    help = (
        "After a database was restored from a backup, and before it serves: end every session, and forget the stored "
        "tokens of providers, which were renewed or taken back since. People sign in again. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """End, and say how many of each."""
        for what, number in restoring.restored().items():
            self.stdout.write(f"{what}: {number}")
