"""Delete what is over."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provider_site.services import pruning


class Command(BaseCommand):
    """Run by a timer, once a day, in the place of DOT's ``cleartokens``."""

    help = "Delete expired tokens, codes, device codes and requests, old sessions and delivered messages."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, and say how many of each."""
        for what, number in pruning.prune().items():
            self.stdout.write(f"{number} {what}")
