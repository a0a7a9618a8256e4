"""Liveness and readiness, asked as balancers ask: by address, over plain http, without a cookie."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.test import Client

from provider_site.models import SigningKey
from site_monitoring import checks, readiness
from tests.provider.driver import plant_signing_key

EVERY = {"database", "cache", "migrations", "signing_keys", "key_ring"}


@pytest.fixture
def probe(settings: Any) -> Client:
    """Return a probe of a site in production: it names an address that is no site's host, and speaks plain http."""
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["id.example.com"]
    return Client(headers={"host": "10.0.0.7:8000"})


@pytest.fixture
def site(transactional_db: None) -> None:
    """Have what every site has before it serves."""
    plant_signing_key()


def found(client: Client, token: str) -> dict[str, Any]:
    """Return what readiness tells to monitoring, asked anew."""
    readiness.forget()
    answer = client.get("/health/ready", headers={"Authorization": f"Bearer {token}"})
    checks_told: dict[str, Any] = answer.json()["checks"]
    return {"answer": answer.status_code, "status": answer.json()["status"]} | {
        name: one["status"] for name, one in checks_told.items()
    }


class TestLive:
    def test_process_that_answers_lives_without_touching_anything(
        self, probe: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checks, "registered", lambda: pytest.fail("liveness asked"))
        answer = probe.get("/health/live")  # no fixture opened the database: using it would raise
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies
        assert "X-Request-Reference" not in answer

    def test_it_is_read_and_nothing_else(self, probe: Client) -> None:
        assert probe.head("/health/live").status_code == 200
        assert probe.post("/health/live").status_code == 405

    def test_other_addresses_of_a_stranger_host_are_refused_as_before(self, probe: Client) -> None:
        assert probe.get("/health/").status_code == 400
        assert probe.get("/health/", headers={"host": "id.example.com"}).status_code == 301


class TestReady:
    def test_site_with_all_it_needs_is_ready_and_tells_strangers_no_names(self, site: None, probe: Client) -> None:
        answer = probe.get("/health/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies

    def test_monitoring_reads_each_check_by_its_name(self, site: None, probe: Client, token: str) -> None:
        assert found(probe, token) == {"answer": 200, "status": "ok"} | dict.fromkeys(EVERY, "ok")

    @pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic {}", "{}", "Bearer {} "])
    def test_whoever_has_not_the_token_is_a_stranger(self, site: None, probe: Client, token: str, header: str) -> None:
        answer = probe.get("/health/ready", headers={"Authorization": header.format(token)}, REMOTE_ADDR="127.0.0.1")
        assert answer.json() == {"status": "ok"}

    def test_empty_token_opens_nothing(self, site: None, probe: Client) -> None:
        assert probe.get("/health/ready", headers={"Authorization": "Bearer "}).json() == {"status": "ok"}

    def test_too_short_a_token_is_refused(self, settings: Any) -> None:
        from consumer_site.conf import consumer_settings
        from provider_site.conf import provider_settings

        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "MONITORING_TOKEN": "short"}
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "MONITORING_TOKEN": "short"}
        with pytest.raises(ImproperlyConfigured):
            _ = provider_settings.monitoring_token
        with pytest.raises(ImproperlyConfigured):
            _ = consumer_settings.MONITORING_TOKEN

    def test_fresh_installation_makes_its_first_keys_and_is_ready(
        self, transactional_db: None, settings: Any, probe: Client, token: str
    ) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "SIGNING_ALGORITHMS": ["RS256"]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(readiness, "TIMEOUT", 30.0)  # an RSA key takes as long as it takes
            assert found(probe, token)["signing_keys"] == "ok"
        assert SigningKey.objects.filter(status="active", alg="RS256").count() == 1

    def test_database_that_fails_is_503(
        self,
        site: None,
        probe: Client,
        token: str,
        failing_database: None,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(logging.getLogger("django"), "propagate", True)
        told = found(probe, token)
        assert (told["answer"], told["status"], told["database"]) == (503, "fail", "fail")
        assert told["cache"] == "ok"
        readiness.forget()
        assert probe.get("/health/ready").json() == {"status": "fail"}
        # Django writes a line about a 503: at each probe it would be noise.
        assert [record for record in caplog.records if record.name.startswith("django")] == []

    def test_migration_that_is_not_applied_is_503(self, site: None, probe: Client, token: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT applied FROM django_migrations WHERE app = 'provider_site' AND name LIKE '0009%%'")
            (applied,) = cursor.fetchone()
            cursor.execute("DELETE FROM django_migrations WHERE app = 'provider_site' AND name LIKE '0009%%'")
        try:
            told = found(probe, token)
        finally:
            with connection.cursor() as cursor:
                name = next(name for label, name in checks._names() if label == "provider_site" and "0009" in name)
                cursor.execute(
                    "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)",
                    ["provider_site", name, applied],
                )
        assert (told["answer"], told["migrations"]) == (503, "fail")
        assert found(probe, token)["migrations"] == "ok"

    def test_migrations_are_the_ones_that_django_knows(self, transactional_db: None) -> None:
        from django.db.migrations.loader import MigrationLoader

        assert checks._names() == set(MigrationLoader(connection).disk_migrations)

    def test_signing_key_that_the_ring_does_not_open_is_503(
        self, site: None, probe: Client, token: str, settings: Any
    ) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "KEY_RING": ["another" * 8]}
        assert {"answer": 503, "signing_keys": "fail", "database": "ok"}.items() <= found(probe, token).items()

    def test_consumer_without_a_key_to_seal_with_is_503(
        self, site: None, probe: Client, token: str, settings: Any
    ) -> None:
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": []}
        assert {"answer": 503, "key_ring": "fail"}.items() <= found(probe, token).items()

    def test_cache_that_is_gone_is_told_and_takes_nothing_out_of_service(
        self, site: None, probe: Client, token: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*args: Any, **kwargs: Any) -> None:
            raise ConnectionError("redis://user:password@10.0.0.9 is gone")

        monkeypatch.setattr(type(cache._connections["default"]), "set", refuse)  # type: ignore[attr-defined]
        assert {"answer": 200, "status": "degraded", "cache": "fail"}.items() <= found(probe, token).items()


@pytest.fixture
def failing_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database answer nobody who asks for readiness."""

    def refuse() -> None:
        raise DatabaseError("host=10.0.0.9 password=secret")

    monkeypatch.setattr(checks, "_EVERY_SITES", (checks.Check("database", refuse), *checks._EVERY_SITES[1:]))


class TestCost:
    @pytest.fixture
    def counted(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return a list that grows by a word at each question."""
        asked: list[str] = []
        monkeypatch.setattr(checks, "registered", lambda: (checks.Check("one", lambda: asked.append("asked")),))
        return asked

    def test_probes_within_a_second_ask_once(
        self, probe: Client, counted: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [1000.0]
        monkeypatch.setattr(readiness, "monotonic", lambda: now[0])
        probe.get("/health/ready")
        now[0] += readiness.KEPT - 0.01
        probe.get("/health/ready")
        assert counted == ["asked"]
        now[0] += 0.02
        probe.get("/health/ready")
        assert counted == ["asked", "asked"]

    def test_state_is_written_when_it_changes_without_what_the_driver_says(
        self, probe: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fault: list[Exception] = [ConnectionError("redis://user:password@10.0.0.9 is gone")]

        def ask() -> None:
            if fault:
                raise fault[0]

        monkeypatch.setattr(checks, "registered", lambda: (checks.Check("one", ask),))
        caplog.set_level(logging.INFO, "site_monitoring")
        for _probe in range(3):
            readiness.forget()
            assert probe.get("/health/ready").status_code == 503
        fault.clear()
        for _probe in range(2):
            readiness.forget()
            assert probe.get("/health/ready").status_code == 200
        lines = [record.getMessage() for record in caplog.records if record.name == "site_monitoring"]
        assert lines == ["readiness: one failed: ConnectionError", "readiness: one is well again"]


class TestHanging:
    @pytest.fixture
    def hanging(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
        """Let one check hang for as long as the test runs; return how often it was begun."""
        end, begun = threading.Event(), []

        def hang() -> None:
            begun.append(threading.current_thread())
            end.wait(30)

        monkeypatch.setattr(checks, "registered", lambda: (checks.Check("hanging", hang),))
        monkeypatch.setattr(readiness, "TIMEOUT", 0.05)
        yield lambda: len(begun)
        end.set()
        for thread in begun:
            thread.join()
        readiness._memory.hanging.clear()

    def test_check_without_an_answer_is_a_failure_and_is_not_begun_twice(
        self, probe: Client, hanging: Callable[[], int]
    ) -> None:
        for _probe in range(3):
            readiness.forget()
            assert probe.get("/health/ready").status_code == 503
        assert hanging() == 1
