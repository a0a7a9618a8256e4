"""Move what allauth stored in clear into the vault."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.socialaccount.models import SocialToken
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import router

from consumer_site.models import StoredToken
from consumer_site.vault.moving import BATCH_SIZE, move_plain_tokens


class Command(BaseCommand):
    """Thin over vault.moving."""

    help = (
        "Seals the tokens that allauth stored in clear (SocialToken) into the vault and deletes them there. The "
        "migration does the same; this is for rows that came later. Safe to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option."""
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, help="Rows read at once.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move all rows. Raises CommandError without a key ring."""
        try:
            moved = move_plain_tokens(
                social_tokens=SocialToken,
                stored_tokens=StoredToken,
                using=router.db_for_write(StoredToken),
                batch_size=max(1, options["batch_size"]),
            )
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Moved: {moved.taken}. Deleted, for the vault had newer ones: {moved.outdated}.")
