"""Places in lists paged by key, as they stand in addresses."""

import base64
import json

from django.contrib.auth import get_user_model
from django.db import transaction

from keyset_lists.order import BadPlace
from keyset_lists.pages import page_of
from provider_site.models import AuditEvent, DailyCount, Registration, Session
from tests.fuzz.target import Run, Target, lines, refused


def _place(*values: str) -> bytes:
    return b"n" + base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=")


def build() -> Run:
    """Return what reads one page of each of several lists at a place, among rows of its own."""
    person = get_user_model()
    lists = [
        person.objects.order_by("-date_joined", "-pk"),
        person.objects.order_by("username"),
        AuditEvent.objects.order_by("-at", "-pk"),
        DailyCount.objects.order_by("-day", "-pk"),
        Registration.objects.order_by("-pk"),
        Session.objects.order_by("-pk"),
    ]

    def run(data: bytes) -> None:
        (place,) = lines(data, 1)
        with transaction.atomic():
            person.objects.bulk_create(person(username=f"p{number}", password="!") for number in range(5))
            for rows in lists:
                page = refused(lambda rows=rows: page_of(rows, place, size=2), BadPlace)
                if page is None:
                    continue
                assert len(page) <= 2
                for following in filter(None, (page.next, page.previous)):
                    page_of(rows, following, size=2)
            transaction.set_rollback(True)

    return run


TARGETS = [
    Target(
        "list_place",
        build,
        "the place in a list's address (keyset paging)",
        "a page of the list or a refusal, at any engine's bounds; the pages beside it can be opened",
        (
            _place("2026-01-01T00:00:00+00:00", "1"),
            _place("p1"),
            _place("9" * 400),
            _place("0001-01-01T00:00:00+14:00", "-1"),
            _place("9999-12-31T23:59:59.999999-12:00", "1e9"),
            _place("00000000-0000-0000-0000-000000000000"),
            _place("\u0000", "\ud800"),
            _place("2026-01-01", "1"),
            b"b",
            b"n====",
            b"",
        ),
        needs_database=True,
        longest=1024,
    )
]
