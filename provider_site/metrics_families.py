"""The metrics themselves. Imported where METRICS is on, and nowhere else: it needs ``prometheus_client``."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from provider_site import outcomes, signals
from provider_site.models import OutboxMessage, SigningKey

logger = logging.getLogger("provider_site.metrics")

# Seconds: from a token in milliseconds to what nobody waits for.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# More than this is a queue that nobody empties, however long it is.
_COUNTED = 10_000

REQUESTS = Histogram(
    "provider_site_request_seconds", "Time to answer a request", ["endpoint", "status"], buckets=_BUCKETS
)
TOKENS = Counter("provider_site_tokens_issued", "Token requests that were granted", ["grant_type"])
ERRORS = Counter("provider_site_errors", "OAuth errors told to clients", ["endpoint", "error"])
ERROR_PAGES = Counter("provider_site_error_pages", "Error pages shown to people", ["kind"])
CONSENTS = Counter("provider_site_consents", "Decisions of people about applications", ["decision"])
REPLAYS = Counter("provider_site_replays", "Single-use credentials used a second time", ["kind"])
REFUSALS = Counter("provider_site_refusals", "Requests refused by a rate limit", ["limit"])


def note(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Count one request and what it came to."""
    endpoint = outcomes.endpoint(request)
    REQUESTS.labels(endpoint, f"{response.status_code // 100}xx").observe(seconds)
    if error := outcomes.error(request, response):
        ERRORS.labels(endpoint, error).inc()
    elif grant_type := outcomes.grant_type(request, response):
        TOKENS.labels(grant_type).inc()


def connect() -> None:
    """Listen to what is no request's outcome. Safe to repeat."""
    for name, signal in (
        ("given", signals.consent_given),
        ("refused", signals.consent_refused),
        ("withdrawn", signals.consent_withdrawn),
        ("narrowed", signals.consent_narrowed),
    ):
        signal.connect(_counting(name), dispatch_uid=f"provider_site.metrics.{name}", weak=False)
    signals.replay_detected.connect(_note_replay, dispatch_uid="provider_site.metrics.replay")
    signals.error_shown.connect(_note_error_page, dispatch_uid="provider_site.metrics.error_page")
    signals.limit_reached.connect(_note_refusal, dispatch_uid="provider_site.metrics.limit")


def _counting(decision: str) -> Any:
    def count(**_kwargs: Any) -> None:
        CONSENTS.labels(decision).inc()

    return count


def _note_replay(*, kind: str, **_kwargs: Any) -> None:
    REPLAYS.labels(kind).inc()


def _note_error_page(*, kind: str, **_kwargs: Any) -> None:
    ERROR_PAGES.labels(kind).inc()


def _note_refusal(*, limit: str, **_kwargs: Any) -> None:
    REFUSALS.labels(limit).inc()


class State(Collector):
    """What is read when it is asked for: the outbox, the keys, this process's pool."""

    def describe(self) -> list[Any]:
        """Return nothing: registering must ask no database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what can be read; a database that is gone must not take the counters along."""
        for read in (self._outbox, self._keys, self._pool):
            try:
                yield from read()
            except Exception as error:  # noqa: BLE001 - each driver has errors of its own
                logger.warning("metrics: %s can't be read: %s", read.__name__.strip("_"), type(error).__name__)

    def _outbox(self) -> list[GaugeMetricFamily]:
        waiting = OutboxMessage.objects.filter(delivered_at__isnull=True, dead_at__isnull=True)
        due = list(waiting.order_by("pk").values_list("next_attempt_at", flat=True)[:_COUNTED])
        dead = OutboxMessage.objects.filter(dead_at__isnull=False).order_by("pk")[:_COUNTED].count()
        late = max((timezone.now() - min(due)).total_seconds(), 0.0) if due else 0.0
        return [
            GaugeMetricFamily("provider_site_outbox_waiting", f"Deliveries owed, at most {_COUNTED}", len(due)),
            GaugeMetricFamily("provider_site_outbox_late_seconds", "For how long the first of them has been due", late),
            GaugeMetricFamily("provider_site_outbox_dead", f"Deliveries given up, at most {_COUNTED}", dead),
        ]

    def _keys(self) -> list[GaugeMetricFamily]:
        ages = GaugeMetricFamily("provider_site_signing_key_age_seconds", "Age of the key that signs", labels=["alg"])
        active = SigningKey.objects.filter(status=SigningKey.Status.ACTIVE).order_by("alg")
        for alg, since, created in active.values_list("alg", "activated_at", "created"):
            ages.add_metric([alg], (timezone.now() - (since or created)).total_seconds())
        return [ages]

    def _pool(self) -> list[GaugeMetricFamily]:
        pool = getattr(connection, "pool", None)
        if pool is None:
            return []
        numbers = pool.get_stats()
        family = GaugeMetricFamily(
            "provider_site_pool_connections", "Database connections of the process that was asked", labels=["state"]
        )
        for state, name in (("open", "pool_size"), ("idle", "pool_available"), ("awaited", "requests_waiting")):
            family.add_metric([state], numbers.get(name, 0))
        return [family]


STATE = State()
REGISTRY.register(STATE)


def exposition() -> tuple[bytes, str]:
    """Return the text of all metrics and its media type; of all processes where they share a directory."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's own
        registry.register(STATE)
    return generate_latest(registry), CONTENT_TYPE_LATEST
