"""End what is over and what nothing uses."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provider_site.services import consent_ends


class Command(BaseCommand):
    """Run by a timer, once a day: tokens need it for nothing, people do."""

    help = (
        "Close consents whose time is over, tell people by e-mail of apps they have not used for long "
        "(UNUSED_CONSENT_DAYS, UNUSED_WARNING_DAYS), end those that stay unused, and sign inactive accounts out. "
        "Safe to run more than once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """End, and say how many of each."""
        for what, number in consent_ends.run().items():
            self.stdout.write(f"{number} {what}")
