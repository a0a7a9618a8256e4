"""Make a database that was restored from a backup fit to serve."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provider_site.management.terminal import on_one_line
from provider_site.services import restoring


class Command(BaseCommand):
    """Run after a restore, before the site serves."""

    help = (
        "After a database was restored from a backup, and before it serves: end every token, code, session and consent "
        "in it, for nobody knows which had ended since, and leave out the numbers of rows that were lost. With --trail "
        "only the consents end that the audit trail says had. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is known of the time after the backup."""
        parser.add_argument("--reason", required=True, help="what people are told whose consents end")
        parser.add_argument(
            "--trail",
            type=Path,
            help="the audit trail (export_audit) up to the end: only the consents end that ended in it, and the rest "
            "of what took something away is written to stdout, to be repeated by hand",
        )
        parser.add_argument(
            "--skip-ids",
            type=int,
            default=1_000_000,
            help="numbers of rows to leave out in each table: more than were given since the backup (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """End, and say how many. Raises CommandError for a trail that can't be read, and without a reason."""
        if not options["reason"].strip() or options["skip_ids"] < 0:
            raise CommandError("Give a reason, and no negative number.")
        trail = self._trail(options["trail"])
        done = restoring.restored(reason=options["reason"], trail=trail, skip_ids=options["skip_ids"])
        for what, number in done.items():
            self.stdout.write(f"{what}: {number}")
        if options["skip_ids"] and not done["tables with new numbers"]:
            self.stderr.write("The numbers of rows are to be moved on by hand on this engine.")
        for line in trail.by_hand if trail is not None else ():
            self.stdout.write(on_one_line(f"repeat by hand: {line}"))

    def _trail(self, path: Path | None) -> restoring.Trail | None:
        if path is None:
            return None
        try:
            with path.open(encoding="utf-8") as lines:
                return restoring.read_trail(lines)
        except (OSError, UnicodeDecodeError, restoring.MalformedTrail) as error:
            raise CommandError(f"{path}: {error}") from error
