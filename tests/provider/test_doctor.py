"""`manage.py doctor`: what it prints, how it ends, and what it sees from inside."""

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from provider_site.models import AuthorizationRequest, OutboxMessage, Review, SigningKey
from provider_site.services import keys
from provider_site.services.doctor import Examination, checklist, examine, inside
from provider_site.services.doctor.checklist import ROWS
from site_doctor import inside_looks
from site_doctor.caller import Caller
from site_doctor.findings import Finding, Outcome
from site_doctor.findings import examine as look
from tests import certificates, faulty_proxy
from tests.faulty_proxy import Proxy

INSIDE = {one.name: one for one in (*inside.LOOKS, *inside_looks.LOOKS)}
NOWHERE = "http://localhost:9"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return certificates.for_localhost(tmp_path_factory.mktemp("tls"), days=90)


@pytest.fixture
def site(transactional_db: None, settings: Any, certificate: tuple[Any, Path]) -> Iterator[Proxy]:
    with faulty_proxy.serving(settings, certificate[0]) as proxy:
        yield proxy


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, int]:
    """Return what the command printed, and its exit status."""
    try:
        call_command("doctor", *arguments)
    except CommandError as error:
        return capsys.readouterr().out, error.returncode
    return capsys.readouterr().out, 0


def seen(name: str) -> Finding:
    (finding,) = look([INSIDE[name]])
    return finding


def test_healthy_site_from_outside_ends_with_status_0(site: Proxy, certificate: Any, capsys: Any) -> None:
    told, status = doctor(capsys, "--ca", str(certificate[1]), "--outside", "--rfc9700", "--json")
    report = json.loads(told)
    assert report["subject"] == site.origin
    assert [one for one in report["findings"] if one["outcome"] in {"fail", "warn"}] == []
    assert status == 0
    assert {one["part"] for one in report["findings"]} == {"Transport", "Pages", "Metadata and keys", "Endpoints"}
    assert not [row for row in report["rfc9700"] if row["answer"] == "no"]


def test_failure_ends_with_status_1_and_says_what_to_do(site: Proxy, certificate: Any, capsys: Any) -> None:
    site.spoil = lambda exchange: exchange.drop("Strict-Transport-Security")
    told, status = doctor(capsys, "--ca", str(certificate[1]), "--outside", "--rfc9700")
    assert status == 1
    assert re.search(r"^  fail    https-only +no Strict-Transport-Security \(RFC 6797 6\.1\)$", told, re.MULTILINE)
    assert "→ SECURE_HSTS_SECONDS = 31536000" in told
    assert re.search(r"^  2\.6     no +TLS end to end +https-only: no Strict", told, re.MULTILINE)
    assert re.search(r"^[0-9]+ ok, 0 warn, 1 fail, [0-9]+ skipped$", told, re.MULTILINE)
    assert len({line.index("(RFC") > 0 for line in told.splitlines() if "(RFC" in line}) == 1


def test_server_is_looked_at_from_inside_too(site: Proxy, certificate: Any, capsys: Any) -> None:
    told, _status = doctor(capsys, "--ca", str(certificate[1]), "--json")
    server = {one["name"]: one for one in json.loads(told)["findings"] if one["part"] == "Server"}
    assert server.keys() == INSIDE.keys() | {"same-keys"}
    assert server["same-keys"]["outcome"] == "ok"
    assert server["migrations"]["outcome"] == "ok"
    told, _status = doctor(capsys, "http://127.0.0.1:9", "--json", "--timeout", "2")  # somebody else's
    assert not [one for one in json.loads(told)["findings"] if one["part"] == "Server"]


def test_keys_of_another_database_are_found(site: Proxy, certificate: Any) -> None:
    caller = Caller(str(certificate[1]))
    provider = inside.Provider(caller, site.origin)
    assert provider.key_list()
    SigningKey.objects.all().delete()
    keys.make_first_keys()
    (finding,) = look(inside.PUBLISHED, provider)
    assert finding.outcome == Outcome.FAIL


def test_site_that_does_not_answer_is_one_failure(settings: Any, capsys: Any) -> None:
    told, status = doctor(capsys, NOWHERE, "--timeout", "2")
    assert status == 1
    assert f"{NOWHERE} gives no answer" in told
    assert "Endpoints" not in told


@pytest.mark.parametrize("arguments", [["localhost"], ["ftp://localhost"], [NOWHERE, "--ca", "/nowhere/at/all.pem"]])
def test_what_cannot_be_meant_is_refused(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Name the issuer|no bundle"):
        call_command("doctor", *arguments)


def test_secrets_are_not_printed(settings: Any, site: Proxy, certificate: Any, capsys: Any) -> None:
    told, _status = doctor(capsys, "--ca", str(certificate[1]), "--json", "--rfc9700")
    secrets = [settings.SECRET_KEY, *settings.PROVIDER_SITE["KEY_RING"], *settings.CONSUMER_SITE["KEY_RING"]]
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.django_db
def test_key_ring_that_opens_nothing_is_found(settings: Any) -> None:
    keys.make_first_keys()
    assert seen("key-ring").outcome == Outcome.OK
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ["quite another secret, of enough characters"]}
    assert seen("key-ring").outcome == Outcome.FAIL


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "expected"), [(89, "ok"), (91, "ok"), (93, "fail")])
def test_rotation_that_is_overdue_is_found(days: int, expected: str) -> None:
    assert seen("key-rotation").outcome == Outcome.SKIPPED
    keys.make_first_keys()
    SigningKey.objects.update(activated_at=timezone.now() - timedelta(days=days))
    finding = seen("key-rotation")
    assert finding.outcome == expected
    assert "RS256" in finding.told


@pytest.mark.django_db
def test_missing_next_keys_are_found() -> None:
    keys.make_first_keys()
    assert seen("next-keys").outcome == Outcome.WARN
    for alg in keys.algorithms():
        keys.new_key(alg, status=SigningKey.Status.NEXT)
    assert seen("next-keys").outcome == Outcome.OK


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "expected"), [(5, "ok"), (30, "warn"), (90, "fail")])
def test_message_that_waits_is_found(minutes: int, expected: str) -> None:
    assert seen("outbox").told == "nothing is due"
    due = timezone.now() - timedelta(minutes=minutes)
    message = OutboxMessage.objects.create(kind="test", payload={}, next_attempt_at=due)
    assert seen("outbox").outcome == expected
    OutboxMessage.objects.filter(pk=message.pk).update(delivered_at=timezone.now())
    assert seen("outbox").told == "nothing is due"


@pytest.mark.django_db
def test_message_given_up_is_found() -> None:
    now = timezone.now()
    old = OutboxMessage.objects.create(kind="old", payload={}, next_attempt_at=now, dead_at=now - timedelta(days=8))
    assert seen("given-up").outcome == Outcome.OK
    OutboxMessage.objects.filter(pk=old.pk).update(dead_at=now)
    assert seen("given-up").outcome == Outcome.WARN


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "expected"), [(6, "ok"), (8, "ok"), (11, "fail")])
def test_rows_nobody_prunes_are_found(application: Any, days: int, expected: str) -> None:
    assert seen("pruning").told == "nothing waits"
    over = timezone.now() - timedelta(days=days)
    AuthorizationRequest.objects.create(application=application, parameters={}, created=over, expires_at=over)
    assert seen("pruning").outcome == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "expected"), [(1, "ok"), (8, "warn")])
def test_review_that_waits_is_found(application: Any, days: int, expected: str) -> None:
    assert seen("reviews").told == "none waits"
    Review.objects.create(application=application, submitted_at=timezone.now() - timedelta(days=days))
    assert seen("reviews").outcome == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "expected"), [(1, "ok"), (5, "warn"), (20, "fail")])
def test_task_that_no_worker_takes_is_found(minutes: int, expected: str) -> None:
    from django_tasks_db.models import DBTaskResult, get_date_max

    assert seen("tasks").told.startswith("none waits")
    row = DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}}, task_path="x", backend_name="default", run_after=get_date_max()
    )
    DBTaskResult.objects.filter(pk=row.pk).update(enqueued_at=timezone.now() - timedelta(minutes=minutes))
    assert seen("tasks").outcome == expected


@pytest.mark.parametrize(
    ("backend", "workers", "expected"),
    [("locmem.LocMemCache", "1", "warn"), ("locmem.LocMemCache", "2", "fail"), ("dummy.DummyCache", "1", "fail")],
)
def test_cache_that_is_not_shared_is_found(
    settings: Any, monkeypatch: pytest.MonkeyPatch, backend: str, workers: str, expected: str
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", workers)
    monkeypatch.delenv("GUNICORN_CMD_ARGS", raising=False)
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert seen("cache").outcome == expected
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.django_db
def test_migration_that_waits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen("migrations").outcome == Outcome.OK
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'provider_site' AND name LIKE '0009%'")
    finding = seen("migrations")
    assert finding.outcome == Outcome.FAIL
    assert "provider_site.0009_lists" in finding.told


@pytest.mark.django_db
def test_database_is_named_and_its_transactions_looked_at() -> None:
    assert seen("database").told.startswith(connection.vendor)
    assert seen("isolation").outcome == Outcome.OK
    assert seen("database-clock").outcome == (Outcome.OK if connection.vendor == "postgresql" else Outcome.SKIPPED)


def test_files_that_cannot_be_written_are_found(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen("files").outcome == Outcome.OK
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert seen("files").outcome == Outcome.FAIL


@pytest.mark.django_db
def test_settings_that_check_warns_of_are_named(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SILENCED_SYSTEM_CHECKS = []
    finding = seen("settings")
    assert finding.outcome in {Outcome.WARN, Outcome.FAIL}


def test_list_of_rfc9700_is_unknown_where_nothing_was_looked_at() -> None:
    rows = checklist({}, inside=False)
    assert len(rows) == len(ROWS)
    assert {row.answer for row in rows if not ROWS[rows.index(row)].built_in} == {"unknown"}


@pytest.mark.django_db
def test_list_of_rfc9700_says_no_where_a_setting_opens_a_section(settings: Any) -> None:
    def answers() -> dict[str, str]:
        return {row.asks: row.answer for row in checklist({}, inside=True)}

    assert answers()["PKCE can't be taken out of a request"] == "yes"
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"PKCE_REQUIRED": False}
    assert answers()["PKCE can't be taken out of a request"] == "no"


def test_list_of_rfc9700_names_only_what_there_is() -> None:
    from provider_site import deployment_checks
    from site_doctor import endpoint_looks, metadata_looks, page_looks, transport_looks

    looks = (*transport_looks.LOOKS, *page_looks.LOOKS, *metadata_looks.LOOKS, *endpoint_looks.LOOKS)
    known = {one.name for one in looks}
    ids = {rule.id for rule in deployment_checks.RULES} | {"provider_site.W011"}
    root = Path(deployment_checks.__file__).parents[1]
    for row in ROWS:
        assert set(row.findings) <= known, row.section
        assert set(row.checks) <= ids, row.section
        for name in re.findall(r"[a-z_]+/[a-z_0-9]+(?:\.py)?", row.built_in):
            assert (root / name).exists() or (root.parent / name).exists(), name


def test_look_that_breaks_is_a_failure_and_the_others_go_on() -> None:
    parts = examine(Examination(NOWHERE, Caller(timeout=2), inside=False))
    assert {one.outcome for one in parts["Transport"]} <= {Outcome.SKIPPED, Outcome.FAIL}
    (finding,) = look([INSIDE["cache"]], "one argument too many")
    assert (finding.outcome, finding.told) == (Outcome.FAIL, "could not be looked at: TypeError")


def test_guide_names_every_line_of_the_table() -> None:
    from consumer_site.management import looks as of_consumer
    from site_doctor import endpoint_looks, metadata_looks, page_looks, transport_looks

    modules = (transport_looks, page_looks, metadata_looks, endpoint_looks, inside_looks, inside)
    names = {one.name for module in modules for one in module.LOOKS}
    names |= {
        one.name for one in (*of_consumer.OUTSIDE, *of_consumer.INSIDE, *inside.PUBLISHED, endpoint_looks.LIMITED)
    }
    guide = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    lists = guide.partition("## What it looks at")[2].partition("## A site that is well")[0]
    assert set(re.findall(r"`([a-z0-9-]+)`", lists)) == names
