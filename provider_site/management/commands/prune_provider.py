"""Delete what is over."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provider_site.services import pruning


class Command(BaseCommand):
    """Run by a timer, once a day, in the place of DOT's ``cleartokens`` and Django's ``clearsessions``."""

    help = (
        "Delete expired tokens, codes, device codes and requests, old sessions, delivered messages, and audit events "
        "that are older than AUDIT_RETENTION_DAYS. In small batches beside running servers; killed, it is run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, and say how many of each as soon as they are gone."""
        for what, number in pruning.steps():
            self.stdout.write(f"{number} {what}")
            self.stdout.flush()
