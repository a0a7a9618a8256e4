"""What Prometheus is told, by the real library: counted from what happens, and told to nobody without the token."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from provider_site import metrics, metrics_families
from provider_site.models import OutboxMessage
from tests.provider.driver import Driver, query

ROOT = Path(__file__).resolve().parents[2]
HOST = {"host": "localhost:8000"}


@pytest.fixture
def counting(settings: Any, token: str) -> str:
    """Count from the next client on; return the monitoring token."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "METRICS": True}
    return token


def scraped(token: str) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and its labels' values."""
    answer = Client(headers=HOST).get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.content.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


class Since:
    """What was counted since the beginning of a test: the counters are the process's."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.before = scraped(token)

    def __call__(self, *sample: str) -> float:
        return scraped(self.token).get(sample, 0) - self.before.get(sample, 0)


@pytest.fixture
def since(counting: str, db: None) -> Since:
    """Return a function that tells by how much a sample grew."""
    return Since(counting)


class TestClosed:
    def test_there_are_no_metrics_unless_switched_on(self, token: str, db: None) -> None:
        assert Client(headers=HOST).get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 404

    @pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer "])
    def test_without_the_token_there_is_no_such_address(self, counting: str, db: None, header: str) -> None:
        answer = Client(headers=HOST).get("/metrics", headers={"Authorization": header}, REMOTE_ADDR="127.0.0.1")
        assert answer.status_code == 404

    def test_without_any_token_configured_it_stays_closed(self, settings: Any, db: None) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "METRICS": True, "MONITORING_TOKEN": ""}
        assert Client(headers=HOST).get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404

    def test_switched_off_the_middleware_takes_itself_out(self, settings: Any) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "METRICS": False}
        with pytest.raises(MiddlewareNotUsed):
            metrics.MetricsMiddleware(lambda _request: HttpResponse())


class TestCounters:
    @pytest.mark.parametrize("lane", [True, False], ids=["short way", "general way"])
    def test_tokens_are_counted_by_grant_and_requests_by_endpoint(
        self, since: Since, driver: Driver, settings: Any, lane: bool
    ) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "FAST_LANE": lane}
        driver = _renewed(driver)
        driver.refresh(driver.tokens().refresh)
        assert since("provider_site_tokens_issued_total", "authorization_code") == 1
        assert since("provider_site_tokens_issued_total", "refresh_token") == 1
        assert since("provider_site_consents_total", "given") == 1
        assert since("provider_site_request_seconds_count", "token", "2xx") == 2

    def test_errors_are_counted_by_code(self, since: Since, driver: Driver) -> None:
        driver = _renewed(driver)
        tokens = driver.tokens()
        driver.redeem("wrong-code-0123456789")
        driver.userinfo("guessed-token-0123456789")
        driver.authorize(prompt="none", max_age="0", state="x")
        driver.introspect(tokens.access)
        assert since("provider_site_errors_total", "token", "invalid_grant") == 1
        assert since("provider_site_errors_total", "user-info", "invalid_token") == 1
        assert since("provider_site_errors_total", "authorize", "login_required") == 1

    def test_replay_refusal_of_a_person_and_error_page_are_counted(self, since: Since, driver: Driver) -> None:
        driver = _renewed(driver)
        code = driver.code()
        driver.redeem(code)
        driver.redeem(code)
        refused = driver.consent(driver.authorize(prompt="consent"), decision="deny")
        assert query(refused)["error"] == "access_denied"
        driver.authorize(client_id="nobody")
        assert since("provider_site_replays_total", "code") == 1
        assert since("provider_site_consents_total", "refused") == 1
        assert since("provider_site_errors_total", "authorize-resume", "access_denied") == 1
        assert since("provider_site_error_pages_total", "unknown_client") == 1

    def test_limit_that_refuses_is_counted_by_its_name(self, since: Since, driver: Driver, settings: Any) -> None:
        settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "RATE_LIMITS": {"failures": "1/h"}}
        driver = _renewed(driver)
        assert [driver.redeem("wrong-code-0123456789").status for _try in range(3)][-1] == 429
        assert since("provider_site_refusals_total", "failures") >= 1
        assert since("provider_site_errors_total", "token", "temporarily_unavailable") >= 1

    def test_names_that_strangers_choose_are_no_labels(self, since: Since) -> None:
        client = Client(headers=HOST)
        client.post("/o/token/", "grant_type=invented", content_type="application/x-www-form-urlencoded")
        client.get("/invented/")
        assert since("provider_site_errors_total", "token", "unsupported_grant_type") == 1
        assert since("provider_site_request_seconds_count", "other", "4xx") == 1
        assert not [sample for sample in scraped(since.token) if any("invented" in label for label in sample)]


class TestState:
    def test_outbox_keys_and_lateness_are_read_when_asked_for(self, since: Since, driver: Driver) -> None:
        due = timezone.now() - timedelta(hours=1)
        OutboxMessage.objects.create(kind="notice", payload={}, next_attempt_at=due)
        OutboxMessage.objects.create(kind="notice", payload={}, next_attempt_at=due, dead_at=due)
        assert since("provider_site_outbox_waiting") == 1
        assert since("provider_site_outbox_dead") == 1
        assert 3600 <= since("provider_site_outbox_late_seconds") < 3700
        assert ("provider_site_signing_key_age_seconds", "RS256") in scraped(since.token)

    def test_database_that_is_gone_takes_only_its_own_samples_along(
        self, since: Since, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_args: Any) -> Any:
            raise DatabaseError("password=secret")

        monkeypatch.setattr(metrics_families.State, "_outbox", refuse)
        Client(headers=HOST).get("/invented/")
        names = {name for name, *_labels in scraped(since.token)}
        assert "provider_site_outbox_waiting" not in names
        assert "provider_site_request_seconds_count" in names


def _renewed(driver: Driver) -> Driver:
    """Return the driver with clients that load the middleware anew."""
    for old in ("browser", "backchannel"):
        client = getattr(driver, old)
        client.handler._middleware_chain = None
    return driver


SEVERAL = """
import os, sys
sys.path.insert(0, {root!r})
import django
django.setup()
from provider_site import metrics_families as families
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
families.TOKENS.labels("refresh_token").inc()
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def test_processes_that_share_a_directory_are_counted_together(tmp_path: Path) -> None:
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    command = [sys.executable, "-c", SEVERAL.format(root=str(ROOT))]
    texts = [
        subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for _process in range(2)
    ]
    assert 'provider_site_tokens_issued_total{grant_type="refresh_token"} 2.0' in texts[1]
