"""Read the audit trail in the admin, take it away as a file, and try to change it."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provider_site.models import AuditEvent, SigningKey
from provider_site.services import audit, audit_export, deletion
from tests import factories
from tests.provider.admin import crowd
from tests.provider.admin.office import as_html, enter, page_of

LIST = page_of(AuditEvent)
EXPORT = page_of(AuditEvent, "export")


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


def clerk(*codenames: str) -> Client:
    """Return the browser of a member of staff with these permissions."""
    person = factories.make_user(is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return enter(person)


def body(answer: Any) -> str:
    """Return what a streamed answer sent."""
    assert answer.status_code == 200, answer.content.decode()[:500]
    return b"".join(answer.streaming_content).decode()


def event(**facts: Any) -> AuditEvent:
    """Record an event."""
    return audit.record(**({"action": AuditEvent.Action.APPLICATION_CHANGED} | facts))


class TestTrailIsAppendOnly:
    WAYS: tuple[tuple[str, Callable[[AuditEvent], Any]], ...] = (
        ("save", lambda row: row.save()),
        ("save as update", lambda row: row.save(force_update=True)),
        ("save as new under its key", lambda row: AuditEvent(pk=row.pk, action="x").save()),
        ("delete", lambda row: row.delete()),
        ("update", lambda _row: AuditEvent.objects.update(action="x")),
        ("filtered update", lambda row: AuditEvent.objects.filter(pk=row.pk).update(action="x")),
        ("bulk update", lambda row: AuditEvent.objects.bulk_update([row], ["action"])),
        ("bulk create over it", lambda row: AuditEvent.objects.bulk_create([row], ignore_conflicts=True)),
        ("update or create", lambda row: AuditEvent.objects.update_or_create({"action": "x"}, pk=row.pk)),
        ("rows deleted", lambda _row: AuditEvent.objects.all().delete()),
        ("rows deleted raw", lambda _row: AuditEvent.objects.all()._raw_delete("default")),
    )

    @pytest.mark.parametrize(("way", "change"), WAYS, ids=[name for name, _change in WAYS])
    def test_no_way_of_the_model_changes_it(self, way: str, change: Callable[[AuditEvent], Any], db: None) -> None:
        before = event(data={"name": "Äpfel"})
        with pytest.raises((TypeError, IntegrityError)), transaction.atomic():
            change(AuditEvent.objects.get(pk=before.pk))
        row = AuditEvent.objects.get()
        assert (row.pk, row.action, row.data) == (before.pk, "application.changed", {"name": "Äpfel"})

    def test_admin_neither_adds_changes_nor_deletes(self, office: Client) -> None:
        row = event()
        assert office.get(page_of(AuditEvent, "add")).status_code == 403
        assert office.post(page_of(AuditEvent, row.pk, "change"), {"action": "x"}).status_code == 403
        assert office.post(page_of(AuditEvent, row.pk, "delete"), {"post": "yes"}).status_code == 403
        office.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes", "index": 0})
        assert AuditEvent.objects.filter(pk=row.pk).exists()

    def test_names_stay_when_person_and_application_are_gone(self, office: Client, user: Any, application: Any) -> None:
        client_id, row = application.client_id, event(actor=user, application=application)
        deletion.delete_application(application=application, actor=None)
        deletion.delete_person(user=user)
        text = as_html(office.get(LIST))
        assert client_id in text
        assert "ada" in text
        row.refresh_from_db()
        assert (row.actor, row.application, row.actor_name, row.client_id) == (None, None, "ada", client_id)


def test_rotation_of_keys_says_whence(office: Client, staff: Any) -> None:
    assert office.post(page_of(SigningKey, "rotate")).status_code == 302
    trace = AuditEvent.objects.filter(action="key.rotated").latest("pk")
    assert (trace.actor, trace.address) == (staff, "127.0.0.1")


class TestList:
    def test_names_what_who_which_and_whence(self, office: Client, user: Any, application: Any) -> None:
        request = HttpRequest()
        request.user, request.META["REMOTE_ADDR"] = user, "192.0.2.7"
        event(application=application, request=request)
        text = as_html(office.get(LIST))
        for shown in ("Application changed", "ada", application.name, application.client_id, "192.0.2.7"):
            assert shown in text

    def test_search_is_exact_by_client_and_by_name(self, office: Client, user: Any, application: Any) -> None:
        # The last page's rows only: registering left events of their own.
        event(actor=user)
        found = office.get(LIST, {"q": application.client_id}).context["cl"].queryset
        assert {row.client_id for row in found} == {application.client_id}
        by_name = office.get(LIST, {"q": "ada"}).context["cl"].queryset
        assert [row.actor_name for row in by_name] == ["ada"]
        assert not office.get(LIST, {"q": "ad"}).context["cl"].queryset.exists()

    def test_filters_by_action_and_days(self, office: Client, db: None) -> None:
        old, new = event(), event(action=AuditEvent.Action.KEY_ROTATED)
        AuditEvent._base_manager.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=10))
        week = office.get(LIST, {"days": "7"}).context["cl"].queryset
        assert list(week) == [new]
        rotated = office.get(LIST, {"action__exact": "key.rotated"}).context["cl"].queryset
        assert list(rotated) == [new]
        assert list(office.get(LIST, {"days": "365"}).context["cl"].queryset) == [new, old]

    def test_strange_lookup_in_the_address_is_refused(self, office: Client) -> None:
        for lookup in ({"data__icontains": "x"}, {"client_id": "\x00"}, {"action__exact": "\x00"}):
            assert office.get(LIST, lookup).status_code == 400

    def test_detail_shows_changes_as_a_table_and_escapes_them(self, office: Client) -> None:
        change = {"fact": "name", "entry": "", "before": "Old", "after": "<b>New</b>"}
        row = event(data={"fields": ["name", "logo"], "changes": [change], "note": {"deep": [1]}})
        text = as_html(office.get(page_of(AuditEvent, row.pk, "change")))
        assert "<del>Old</del>" in text
        assert "<ins>&lt;b&gt;New&lt;/b&gt;</ins>" in text
        assert "name, logo" in text
        assert "&quot;deep&quot;" in text


class TestExport:
    def test_csv_opens_in_a_spreadsheet_and_runs_nothing(self, office: Client, db: None) -> None:
        for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM", "\t=1", "小明"):
            event(actor=factories.make_user(name))
        answer = office.post(EXPORT, {"format": "csv"})
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert "no-store" in answer["Cache-Control"]
        text = body(answer)
        assert text.startswith("\ufeffid,at,action")
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        names = [row["actor_name"] for row in rows]
        assert "'=HYPERLINK(1)" in names
        assert "小明" in names
        assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))]

    def test_json_lines_are_complete_and_oldest_first(self, office: Client, application: Any) -> None:
        event(application=application, data={"name": "苹果"})
        lines = [json.loads(line) for line in body(office.post(EXPORT, {"format": "jsonl"})).splitlines()]
        assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
        assert lines[-1]["action"] == "audit.exported"
        assert lines[-2]["data"] == {"name": "苹果"}
        assert lines[-2]["client_id"] == application.client_id

    def test_export_follows_the_filters_and_leaves_its_trace(self, office: Client, staff: Any) -> None:
        event()
        event(action=AuditEvent.Action.KEY_ROTATED)
        answer = office.post(f"{EXPORT}?action__exact=key.rotated", {"format": "jsonl"})
        assert [json.loads(line)["action"] for line in body(answer).splitlines()] == ["key.rotated"]
        trace = AuditEvent.objects.get(action="audit.exported")
        assert trace.actor == staff
        assert trace.data == {"format": "jsonl", "filters": {"action__exact": "key.rotated"}}

    def test_export_is_a_permission_beyond_seeing(self, db: None) -> None:
        seeing = clerk("view_auditevent")
        assert "Export as CSV" not in as_html(seeing.get(LIST))
        assert seeing.post(EXPORT, {"format": "csv"}).status_code == 403
        assert clerk("export_auditevent").post(EXPORT, {"format": "csv"}).status_code == 403
        exporting = clerk("view_auditevent", "export_auditevent")
        assert "Export as CSV" in as_html(exporting.get(LIST))
        assert exporting.get(EXPORT).status_code == 403
        assert exporting.post(EXPORT, {"format": "exe"}).status_code == 400
        for lookup in ("application=abc", "at__gte=soon", "data__icontains=x", "client_id=%00"):
            assert exporting.post(f"{EXPORT}?{lookup}", {"format": "csv"}).status_code == 400, lookup
        assert exporting.post(EXPORT, {"format": "csv"}).status_code == 200
        assert AuditEvent.objects.filter(action="audit.exported").count() == 1

    def test_many_rows_of_one_moment_are_each_sent_once_in_bounded_queries(self, db: None) -> None:
        crowd.audit_events(count=5_500)
        pieces: Iterator[str] = audit_export.export(events=AuditEvent.objects.all(), file_format="jsonl")
        with CaptureQueriesContext(connection) as queries:
            lines = "".join(pieces).splitlines()
        keys = [json.loads(line)["id"] for line in lines]
        assert len(keys) == len(set(keys)) == AuditEvent.objects.count()
        assert len(queries) <= 5_501 / audit_export.CHUNK + 2
        assert all("LIMIT" in query["sql"] for query in queries)


class TestCommand:
    def run(self, capsys: Any, *options: str) -> list[dict[str, Any]]:
        call_command("export_audit", *options)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    def test_writes_a_range_of_days(self, db: None, capsys: Any) -> None:
        crowd.audit_events(count=56)
        rows = self.run(capsys, "--since", "2026-01-03", "--until", "2026-01-05T00:00:00Z")
        assert {row["at"][:10] for row in rows} == {"2026-01-03", "2026-01-04"}
        trace = AuditEvent.objects.get(action="audit.exported")
        assert trace.data["filters"] == {"since": "2026-01-03", "until": "2026-01-05T00:00:00Z"}

    def test_writes_csv(self, db: None, capsys: Any) -> None:
        call_command("export_audit", "--format", "csv")
        assert capsys.readouterr().out.startswith("\ufeffid,at,action")

    @pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-02-30"])
    def test_refuses_what_is_no_date(self, db: None, text: str) -> None:
        with pytest.raises(CommandError, match="date"):
            call_command("export_audit", "--since", text)
