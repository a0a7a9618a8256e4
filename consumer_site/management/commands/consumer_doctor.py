"""Look at a running consumer, as browsers and providers do."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consumer_site.conf import consumer_settings
from consumer_site.management import looks
from site_doctor import report
from site_doctor.caller import Caller
from site_doctor.findings import Finding, Outcome


class Command(BaseCommand):
    """Run after each deployment, and by a monitor."""

    help = (
        "Look at a running consumer: its address as browsers see it, and from inside, where this is its server, also "
        "each provider that people sign in by. Prints a table, or JSON; ends with status 1 where something failed."
    )
    # What a check would refuse is a line of the table.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whom to look at, and how."""
        parser.add_argument("url", nargs="?", help='the site to look at; CONSUMER_SITE["SITE_URL"] where left out')
        parser.add_argument("--json", action="store_true", help="print JSON in the place of the table")
        parser.add_argument("--outside", action="store_true", help="look from outside alone, though this is the server")
        parser.add_argument("--ca", metavar="FILE", help="believe certificates by this bundle, not by the system's")
        parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for each answer; 10")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and say what was found."""
        own = consumer_settings.SITE_URL
        site = (options["url"] or own).rstrip("/")
        if site and (urlsplit(site).scheme not in {"http", "https"} or not urlsplit(site).netloc):
            raise CommandError("Name the site: manage.py consumer_doctor https://app.example.com.")
        caller = self._caller(options["ca"], options["timeout"])
        hint = 'CONSUMER_SITE = {"SITE_URL": "https://app.example.com", …}, or name it: manage.py consumer_doctor URL'
        unknown = Finding("site", Outcome.SKIPPED, f"its address is not known: {hint}")
        parts = dict(looks.of_site(caller, site)) if site else {"Transport": [unknown]}
        if not options["outside"] and site == own:
            parts["Server"] = looks.of_server()
            bundle = options["ca"] or consumer_settings.HTTP_CA_BUNDLE
            parts |= looks.of_providers(self._caller(bundle, options["timeout"]), site)
        self.stdout.write(report.document(site, parts) if options["json"] else f"{site}\n\n{report.table(parts)}")
        if failed := report.counts(parts)["fail"]:
            raise CommandError(f"{failed} failed.", returncode=1)

    def _caller(self, bundle: str | None, timeout: float) -> Caller:
        caller = Caller(bundle, timeout)
        try:
            caller.context()
        except OSError as error:
            raise CommandError(f"{bundle} is no bundle of certificates: {error}") from error
        return caller
