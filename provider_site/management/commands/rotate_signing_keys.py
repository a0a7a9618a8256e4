"""Rotate the keys that sign tokens."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from provider_site.errors import KeyStepTooEarly
from provider_site.models import SigningKey
from provider_site.services import key_life, keys

_EVERY = "all"


class Command(BaseCommand):
    """Run with ``--due`` by a timer, each hour or day; without it, one step by hand."""

    help = (
        "Move the rotation of signing keys one step: the key published before begins to sign, the old one only "
        "verifies, and a new one is published. With --due only what is due is done: for cron or a timer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how the step is meant."""
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--due",
            action="store_true",
            help="publish, put in and retire keys as KEY_ROTATION_DAYS and KEY_KEPT_DAYS say; safe to repeat",
        )
        how.add_argument(
            "--force",
            action="store_true",
            help="let the next key sign though applications that keep the published keys may not know it yet",
        )
        how.add_argument(
            "--compromised",
            metavar="KID",
            nargs="+",
            help=f"stop trusting these keys at once and put others in their place; '{_EVERY}': every key",
        )
        parser.add_argument("--alg", action="append", help="only this algorithm's keys; may be given several times")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the step, and say what it did."""
        if options["alg"] and (options["due"] or options["compromised"]):
            raise CommandError("--alg is for a step by hand alone.")
        unknown = sorted(set(options["alg"] or ()) - set(keys.algorithms()))
        if unknown:
            raise CommandError(f"There are no keys of {', '.join(unknown)}.")
        for change in self._changes(options):
            self._say(change)

    def _changes(self, options: dict[str, Any]) -> list[key_life.Change]:
        if options["due"]:
            return key_life.rotate_due()
        if options["compromised"]:
            every = _EVERY in options["compromised"]
            try:
                return key_life.distrust(kids=None if every else options["compromised"])
            except SigningKey.DoesNotExist as error:
                raise CommandError("There is no such signing key; nothing was done.") from error
        try:
            return key_life.rotate(algorithms=options["alg"], force=options["force"])
        except KeyStepTooEarly as error:
            minutes = -(-int((error.at - timezone.now()).total_seconds()) // 60)
            raise CommandError(
                f"Too early: applications may not know the key {error.kid} before {error.at:%Y-%m-%d %H:%M} UTC, in "
                f"{minutes} minutes, and would refuse its tokens. Nothing was done. --force rotates all the same; "
                "where a key may have leaked, name it: --compromised KID."
            ) from error

    def _say(self, change: key_life.Change) -> None:
        words = {"signs now": change.activated, "published": change.published, "only verifies": change.previous}
        for word, kid in words.items():
            if kid:
                self.stdout.write(f"{change.alg} {word}: {kid}")
        for kid in change.retired:
            self.stdout.write(f"retired: {kid}")
