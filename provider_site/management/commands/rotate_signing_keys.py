"""Rotate the keys that sign tokens."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from provider_site.services import keys


class Command(BaseCommand):
    """Run by hand or a timer; twice an hour apart, so that clients have seen a key before it signs."""

    help = "Publish a new signing key; the key published before it begins to sign, the old one only verifies."

    def handle(self, *args: Any, **options: Any) -> None:
        """Move the rotation one step, and name the key published."""
        self.stdout.write(f"published {keys.rotate().kid}")
