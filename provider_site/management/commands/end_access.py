"""Sign a person, or everybody, out of everything."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provider_site.management.people_arguments import person
from provider_site.services import endings


class Command(BaseCommand):
    """Thin over the services; in the audit trail it was the site itself."""

    help = (
        "End every session and every token of a person, or of everybody at once; applications are told. People sign in "
        "again, and are not asked again for what they allowed, unless --consents ends that too. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose, and what beside."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--person", metavar="NAME", help="the user name of one person")
        whose.add_argument("--everyone", action="store_true", help="all people, and all tokens of machines")
        parser.add_argument("--reason", required=True, help="for the audit trail; with --consents people read it")
        parser.add_argument("--consents", action="store_true", help="end the consents too; each is told by e-mail")
        parser.add_argument(
            "--new-password",
            action="store_true",
            help="with --person: the present password opens nothing any more; a new one is set by e-mail",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """End, and say how many. Raises CommandError for an unknown person, and without a reason."""
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("Give a reason.")
        if options["everyone"]:
            if options["new_password"]:
                raise CommandError("--new-password is for one --person.")
            user, ended = None, endings.end_everyone(reason=reason)
        else:
            user = person(options["person"])
            new_password = options["new_password"]
            ended = {"sessions": endings.end_person(user=user, reason=reason, new_password=new_password)}
        if options["consents"]:
            ended["consents"] = endings.end_consents(reason=reason, user=user)
        for what, number in ended.items():
            self.stdout.write(f"{what}: {number}")
