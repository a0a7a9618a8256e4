"""Write what is kept of a person."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provider_site.management.people_arguments import person
from provider_site.services import personal_data


class Command(BaseCommand):
    """Write one JSON object, piece by piece; that it was written is an event."""

    help = "Write everything this app keeps of a person as JSON, to the standard output or to a file of mode 0600."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person, and the file."""
        parser.add_argument("user", help="user name of the person")
        parser.add_argument("--output", metavar="FILE", help="instead of the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write. Raises CommandError for nobody's name, and for a file that can't be written."""
        user = person(options["user"])
        if not options["output"]:
            for piece in personal_data.export(user=user):
                self.stdout.write(piece, ending="")
            return
        path = Path(options["output"])
        try:
            _write(path, personal_data.export(user=user))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        self.stderr.write(f"Written to {path}, readable for you alone.", style_func=str)


def _write(path: Path, pieces: Iterator[str]) -> None:
    """Write a file whole or not at all, readable for its owner alone from the first byte on."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # of mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
