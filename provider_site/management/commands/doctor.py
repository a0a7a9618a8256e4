"""Look at a running provider, as its clients do."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provider_site.services.doctor import Examination, checklist, examine
from provider_site.services.doctor.checklist import Answered
from provider_site.services.doctor.examination import is_own, own_issuer
from site_doctor import report
from site_doctor.caller import Caller


class Command(BaseCommand):
    """Run after each deployment, and by a monitor."""

    help = (
        "Look at a running provider: from outside by real requests to its public address, and from inside where this "
        "is its server. Prints a table, or JSON; ends with status 1 where something failed."
    )
    # What a check would refuse is a line of the table.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whom to look at, and how."""
        parser.add_argument("url", nargs="?", help="the issuer to look at; this project's own where left out")
        parser.add_argument("--json", action="store_true", help="print JSON in the place of the table")
        parser.add_argument("--rfc9700", action="store_true", help="add RFC 9700's list: yes, no or unknown, and why")
        parser.add_argument("--outside", action="store_true", help="look from outside alone, though this is the server")
        parser.add_argument(
            "--limits",
            action="store_true",
            help="also send wrong secrets until they are limited, each with a forged X-Forwarded-For; some hundreds "
            "of requests, after which this machine waits for a minute",
        )
        parser.add_argument("--ca", metavar="FILE", help="believe certificates by this bundle, not by the system's")
        parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for each answer; 10")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and say what was found."""
        issuer = (options["url"] or own_issuer()).rstrip("/")
        if urlsplit(issuer).scheme not in {"http", "https"} or not urlsplit(issuer).netloc:
            raise CommandError(
                'Name the issuer: manage.py doctor https://id.example.com; or set PROVIDER_SITE["ISSUER"].'
            )
        inside = is_own(issuer) and not options["outside"]
        try:
            caller = Caller(options["ca"], options["timeout"])
            caller.context()
        except OSError as error:
            raise CommandError(f"{options['ca']} is no bundle of certificates: {error}") from error
        parts = examine(Examination(issuer, caller, inside, options["limits"]))
        rows = checklist(parts, inside=inside) if options["rfc9700"] else []
        if options["json"]:
            more = {"rfc9700": [asdict(row) for row in rows]} if options["rfc9700"] else {}
            self.stdout.write(report.document(issuer, parts, **more))
        else:
            self.stdout.write(f"{issuer}\n\n{report.table(parts)}")
            if rows:
                self.stdout.write("\n" + _list(rows))
        if failed := report.counts(parts)["fail"]:
            raise CommandError(f"{failed} failed.", returncode=1)


def _list(rows: Sequence[Answered]) -> str:
    lines = ["RFC 9700"]
    width = max(len(row.asks) for row in rows)
    for row in rows:
        head = f"  {row.section:<8}{row.answer:<9}{row.asks:<{width}}  "
        lines += textwrap.wrap(row.why, 150, initial_indent=head, subsequent_indent=" " * len(head))
    return "\n".join(lines)
