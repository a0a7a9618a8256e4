"""Delete a person's account and take their name out of the audit trail."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provider_site.management.people_arguments import person
from provider_site.management.terminal import on_one_line
from provider_site.services import personal_data


class Command(BaseCommand):
    """For good: shows first what will go, and asks."""

    help = (
        "Delete an account with everything this app keeps of the person, and empty their name and address in the audit "
        "trail. Applications they own stay. It can't be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person, and how sure the caller is."""
        parser.add_argument("user", help="user name of the person")
        parser.add_argument("--yes", action="store_true", help="do not ask whether it is meant")
        parser.add_argument(
            "--superuser", action="store_true", help="with --yes: also where it is a superuser's account"
        )
        parser.add_argument("--keep-audit-name", action="store_true", help="leave name and address in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show, ask, erase, and say how many. Raises CommandError for nobody's name and for whoever thinks better."""
        user = person(options["user"])
        if getattr(user, "is_superuser", False) and not (options["yes"] and options["superuser"]):
            raise CommandError(
                "This is a superuser's account: erasing it takes --yes and --superuser. Nothing was done."
            )
        counts = personal_data.holdings(user=user)
        self._say(f"The account {options['user']} and what hangs on it:")
        for what, number in counts.items():
            if number:
                self._say(f"  {number} {what}")
        if not options["yes"]:
            self._ask(options["user"])
        emptied = personal_data.erase(user=user, keep_audit_name=options["keep_audit_name"])
        self.stdout.write(f"1 account erased, {emptied} events without its name")

    def _ask(self, name: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError("There is nobody to ask: say --yes. Nothing was done.")
        self._say("This can't be undone. Type the user name to go on:")
        if sys.stdin.readline().strip() != name:
            raise CommandError("Nothing was done.")

    def _say(self, text: str) -> None:
        """Write words for people to stderr; a user name is somebody else's text."""
        self.stderr.write(on_one_line(text), style_func=str)
