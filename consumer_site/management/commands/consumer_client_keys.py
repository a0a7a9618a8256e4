"""Keys by which this site proves itself to OpenID providers, from a shell or from cron."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consumer_site.models import ClientKey
from consumer_site.openid import client_keys


class Command(BaseCommand):
    """Make, rotate, list or retire the client keys."""

    help = "Make, rotate, list or retire the keys that sign this site's requests to OpenID providers (private_key_jwt)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add one sub-command per deed."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        make = deeds.add_parser("make", help="Make a key and publish it; the first of its algorithm signs at once.")
        rotate = deeds.add_parser("rotate", help="Make a successor when it is time, retire keys long succeeded.")
        for parser_of in (make, rotate):
            parser_of.add_argument("--algorithm", choices=client_keys.ALGORITHMS, default="ES256")
        rotate.add_argument("--days", type=int, default=client_keys.ROTATE_AFTER.days, help="Age of a key's end.")
        deeds.add_parser("list", help="Show every key, and which one signs.")
        retire = deeds.add_parser("retire", help="Publish and use a key no more.")
        retire.add_argument("kid")
        retire.add_argument("--force", action="store_true", help="Also the one that signs, such as a stolen one.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the sub-command says. Raises CommandError for a key that can't go, and without a key ring."""
        deed = options["deed"]
        try:
            if deed == "make":
                self.stdout.write(f"made {client_keys.make(algorithm=options['algorithm'])}")
            elif deed == "rotate":
                self._rotate(options["algorithm"], timedelta(days=options["days"]))
            elif deed == "retire":
                self._retire(options["kid"], force=options["force"])
            else:
                self._list()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None

    def _rotate(self, algorithm: str, older_than: timedelta) -> None:
        made, retired = client_keys.rotate(algorithm=algorithm, older_than=older_than)
        for key in made:
            self.stdout.write(f"made {key}")
        for key in retired:
            self.stdout.write(f"retired {key}")

    def _retire(self, kid: str, *, force: bool) -> None:
        try:
            self.stdout.write(f"retired {client_keys.retire(kid=kid, force=force)}")
        except ClientKey.DoesNotExist:
            raise CommandError(f"There is no key {kid}.") from None
        except client_keys.KeyInUse:
            raise CommandError(f"{kid} signs: make its successor first, or --force.") from None

    def _list(self) -> None:
        now = timezone.now()
        for key in ClientKey.objects.order_by("created_at"):
            signs = key.retired_at is None and client_keys.current(algorithms=[key.algorithm], now=now) == key
            state = "retired" if key.retired_at else "signs" if signs else "published"
            self.stdout.write(f"{key.kid} {key.algorithm} {state} since {key.created_at:%Y-%m-%d}")
