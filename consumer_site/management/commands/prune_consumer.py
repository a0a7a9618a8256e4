"""Delete receipts of sign-outs that nobody can repeat any more, and links of sessions that are gone."""

from typing import Any

from django.core.management.base import BaseCommand

from consumer_site.logout import pruning


class Command(BaseCommand):
    """Run by cron, daily."""

    help = "Delete old receipts of sign-outs, and links of sessions that are gone. Run it daily, after clearsessions."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete in small batches, and say how many."""
        receipts, links = pruning.prune()
        self.stdout.write(f"Deleted {receipts} receipts of sign-outs and {links} links of sessions.")
