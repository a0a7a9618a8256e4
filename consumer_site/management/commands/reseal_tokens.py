"""Seal anew what an older key of the ring seals."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from consumer_site import social_apps  # noqa: F401 - registers the secrets of providers with the vault
from consumer_site.conf import consumer_settings
from consumer_site.vault import columns


class Command(BaseCommand):
    """Thin over vault.columns."""

    help = (
        'Seals tokens, client secrets and client keys anew with the newest key of CONSUMER_SITE["KEY_RING"]. Put a new '
        "key in front of the others, restart every process, and run this; it can be broken off and run again. Then "
        "--check says which old key may go. Exits with 1 when there are rows that no key opens."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--check", action="store_true", help="Change nothing; only say which keys are in use.")
        parser.add_argument("--batch-size", type=int, default=columns.BATCH_SIZE, help="Rows read at once.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through every column. Raises CommandError for rows that no key opens, and without a key ring."""
        in_use: Counter[int] = Counter()
        unreadable = 0
        size = max(1, options["batch_size"])
        for column in columns.sealed_columns():
            try:
                found = columns.survey(column, reseal=not options["check"], batch_size=size)
            except ImproperlyConfigured as error:
                raise CommandError(str(error)) from None
            in_use += found.by_key
            unreadable += len(found.unreadable)
            self._report(found)
        self._conclude(in_use, unreadable)

    def _report(self, found: columns.Survey) -> None:
        parts = [f"key {place + 1}: {count}" for place, count in sorted(found.by_key.items())]
        if found.resealed:
            parts.append(f"sealed anew: {found.resealed}")
        self.stdout.write(f"{found.name}: {', '.join(parts) or 'no rows'}")
        if found.unreadable:
            some = ", ".join(str(key) for key in found.unreadable[:20])
            self.stderr.write(f"{found.name}: no key opens {len(found.unreadable)}: {some}")

    def _conclude(self, in_use: Counter[int], unreadable: int) -> None:
        for place in range(1, len(consumer_settings.KEY_RING)):
            opens = f"still opens {in_use[place]} rows" if in_use[place] else "opens nothing and may be removed"
            self.stdout.write(f"Key {place + 1} of the ring {opens}.")
        if unreadable:
            raise CommandError(
                f"{unreadable} rows can't be opened. Put the key that sealed them back into the ring; where it is "
                "lost, the people sign in again, and provider secrets are entered again in the admin."
            )
