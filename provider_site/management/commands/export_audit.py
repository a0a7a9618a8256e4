"""Write the audit trail."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from provider_site.models import AuditEvent
from provider_site.services import audit_export


def _moment(text: str) -> datetime:
    """Return the moment a date (its midnight) or a date with a time names, in the site's time zone unless it says."""
    try:
        moment = parse_datetime(text)
        day = parse_date(text) if moment is None else None
    except ValueError as error:
        raise CommandError(f"no such date: {text}") from error
    if day is not None:
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001  the next line gives it its zone
    if moment is None:
        raise CommandError(f"not a date (2026-11-30) or a date with a time (2026-11-30T08:00): {text}")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


class Command(BaseCommand):
    """Write events to the standard output, oldest first; that they were is an event too."""

    help = "Write the audit trail to the standard output, oldest event first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a range of time and a format."""
        parser.add_argument("--since", help="A date or a date with a time; events from then on.")
        parser.add_argument("--until", help="A date or a date with a time; events before it.")
        parser.add_argument("--format", choices=sorted(audit_export.FORMATS), default="jsonl", dest="file_format")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, piece by piece."""
        events = AuditEvent.objects.all()
        filters = {name: options[name] for name in ("since", "until") if options[name]}
        if since := options["since"]:
            events = events.filter(at__gte=_moment(since))
        if until := options["until"]:
            events = events.filter(at__lt=_moment(until))
        for text in audit_export.export(events=events, file_format=options["file_format"], filters=filters):
            self.stdout.write(text, ending="")
