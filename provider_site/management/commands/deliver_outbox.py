"""Deliver what is due in the outbox."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provider_site.services import outbox


class Command(BaseCommand):
    """Run by a timer, every minute or so: it finds what no worker was told of, and what has to be tried again."""

    help = "Deliver e-mails and notices that are due. Safe to run at any time, and more than once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Deliver, and say how many."""
        self.stdout.write(f"{outbox.deliver_due()} delivered")
