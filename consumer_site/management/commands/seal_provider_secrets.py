"""Seal the secrets of sign-in providers that are stored in clear."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialApp
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from consumer_site import social_apps


class Command(BaseCommand):
    """Thin over social_apps."""

    help = (
        'Seals, with the newest key of CONSUMER_SITE["KEY_RING"], the secrets of sign-in providers (SocialApp) that '
        "are stored in clear: those from before this app, and those that a script wrote. Safe to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal every secret in clear. Raises CommandError without a key ring."""
        try:
            count = sum(social_apps.seal_stored(row) for row in SocialApp.objects.exclude(secret="").order_by("pk"))
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Sealed: {count}.")
