"""Deliver what is due in the outbox."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from provider_site.services import outbox


class Command(BaseCommand):
    """Run by a timer, every minute or so: it finds what no worker was told of, and what has to be tried again."""

    help = "Deliver e-mails and notices that are due. Safe to run at any time, and more than once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to deliver beside."""
        parser.add_argument(
            "--given-up", action="store_true", help="try again what was given up, too, with all its attempts"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Deliver, and say how many."""
        if options["given_up"]:
            self.stdout.write(f"{outbox.retry_given_up()} tried again")
        self.stdout.write(f"{outbox.deliver_due()} delivered")
