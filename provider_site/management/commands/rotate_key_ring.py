"""Seal the private keys anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provider_site.services import key_life


class Command(BaseCommand):
    """Run after a new secret was put first into KEY_RING; then the old one can be taken out."""

    help = "Seal every private key with the first secret of KEY_RING, so that the others can be taken from it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, count, and fail where a key can't be opened."""
        done = key_life.reseal()
        self.stdout.write(f"sealed anew: {done.resealed}; by the first secret already: {done.already}")
        if done.unsealable:
            raise CommandError(
                f"No secret of KEY_RING opens: {', '.join(done.unsealable)}. Put the secret that sealed them back into "
                "it; if that is lost, 'rotate_signing_keys --compromised KID' has other keys sign."
            )
