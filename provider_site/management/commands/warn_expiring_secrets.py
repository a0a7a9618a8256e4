"""Write to the owners of secrets that end soon."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provider_site.services import secrets


class Command(BaseCommand):
    """Run by a timer, once a day or so; each secret is warned of once."""

    help = "Warn owners by e-mail of client secrets that end soon (SECRET_WARNING_DAYS). Safe to run more than once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the mails to the outbox, and say how many secrets they are about."""
        self.stdout.write(f"{secrets.warn_expiring()} warned")
