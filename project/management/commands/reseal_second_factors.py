"""Seal second factors anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from project import second_factors


class Command(BaseCommand):
    """Run after a new secret was put first into the key ring; then the old one can be taken out."""

    help = (
        "Seals the secrets of authenticator apps and recovery codes anew with the first secret of the key ring "
        "(PROVIDER_KEY_RING; CONSUMER_KEY_RING where the consumer stands alone). Exits with 1 when there are some that "
        "no secret opens."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what becomes of those that nothing opens."""
        parser.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="Delete those that no secret opens: these people then sign in without a second factor.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, count, and name whose can't be opened. Raises CommandError where some stay unreadable."""
        survey = second_factors.reseal(forget=options["forget_unreadable"])
        self.stdout.write(f"Sealed anew: {survey.resealed}. Forgotten: {survey.forgotten}.")
        for name in sorted(set(survey.unreadable)):
            self.stdout.write(f"no secret opens those of: {name}")
        if len(survey.unreadable) > survey.forgotten:
            raise CommandError(
                "Put the secret that sealed them back into the ring; if that is lost, --forget-unreadable."
            )
