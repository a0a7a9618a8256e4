"""Revoke a credential that leaked."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from provider_site.management.terminal import on_one_line
from provider_site.services import leaks
from provider_site.services.applications import application_model

_WORDS = {
    leaks.Outcome.REVOKED: "revoked",
    leaks.Outcome.DEAD_ALREADY: "had ended already",
    leaks.Outcome.UNKNOWN: "well-formed, but unknown here: another site's, or deleted since",
    leaks.Outcome.NOT_OURS: "no secret or token of this site",
}


class Command(BaseCommand):
    """Reads stdin unless it gets arguments, so that what leaked is not in the shell's history as well."""

    help = (
        "Revoke leaked client secrets, access tokens and refresh tokens by their text, one to a line, whosever they "
        "are. Reads stdin by default. A token's family dies with it, and the owners of a secret are told by e-mail."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the texts, and whose they are."""
        parser.add_argument("text", nargs="*", help="what leaked; stdin is safer: arguments are seen by others")
        parser.add_argument(
            "--client-id", help="of the application it is from; needed for a secret that stock DOT hashed, only"
        )
        parser.add_argument("--json", action="store_true", help="write JSON for a machine")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke each, and say what it was. Raises CommandError for no text, or an unknown client ID."""
        application = self._application(options["client_id"])
        if not options["text"] and sys.stdin.isatty():
            self.stderr.write("Paste what leaked, one to a line, and end with Ctrl-D:", style_func=str)
        lines = options["text"] or sys.stdin.read().splitlines()
        texts = [line.strip() for line in lines if line.strip()]
        if not texts:
            raise CommandError("Give the text that leaked on stdin, one to a line.")
        findings = [leaks.revoke_leaked(text=text, application=application) for text in texts]
        if options["json"]:
            self.stdout.write(json.dumps([_values(finding) for finding in findings], indent=2, ensure_ascii=False))
            return
        for finding in findings:
            self.stdout.write(on_one_line(_sentence(finding)))

    def _application(self, client_id: str | None) -> Any:
        if client_id is None:
            return None
        application = application_model().objects.filter(client_id=client_id).first()
        if application is None:
            raise CommandError(f"No application has the client ID {client_id!r}.")
        return application


def _values(finding: leaks.Finding) -> dict[str, Any]:
    return {
        "outcome": finding.outcome,
        "kind": str(finding.kind),
        "client_ids": [application.client_id for application in finding.applications],
        "first_characters": finding.first_characters,
    }


def _sentence(finding: leaks.Finding) -> str:
    """Say what became of a text without repeating it."""
    if not finding.kind:
        return _WORDS[finding.outcome]
    whose = ", ".join(f"{application.name} ({application.client_id})" for application in finding.applications)
    of = f" of {whose}" if whose else ""
    return f"{finding.first_characters}… {finding.kind}{of}: {_WORDS[finding.outcome]}"
