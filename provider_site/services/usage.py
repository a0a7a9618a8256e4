"""How much applications are used: counted in memory, written in bulk, read by day.

Statistics, not accounting. A process adds to its own memory and writes at the end of a request, at most every
``FLUSH_SECONDS`` and when it exits; what it has not written when it is killed is lost. So counting adds no query to a
token request under load, and no transaction waits for another one's row.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.signals import request_finished
from django.db import connections, router, transaction
from django.db.models import F
from django.http import HttpRequest

from provider_site import signals
from provider_site.models import DailyCount
from provider_site.services import applications

logger = logging.getLogger("provider_site.usage")

FLUSH_SECONDS = 10
KEPT = timedelta(days=400)
# Bounds of one process's memory while the database is away, or while somebody invents client identifiers.
MAX_KEYS = 20_000
MAX_NAMES = 500

# The application's primary key (of whatever type the host's has), or None for the whole site.
Key = tuple[date, str, Any]
# The same with the client identifier somebody sent.
NamedKey = tuple[date, str, str]

# Errors by name that are a person's decision, or the ordinary answer to prompt=none (OpenID Core 3.1.2.6).
ORDINARY_ANSWERS = frozenset(
    {"access_denied", "account_selection_required", "consent_required", "interaction_required", "login_required"}
)


def today() -> date:
    """Return the day that is counted now, which is UTC's."""
    return datetime.now(tz=UTC).date()


class _Buffer:
    """What this process has counted and not written yet; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._named: Counter[NamedKey] = Counter()
        self._tried_at: float | None = None

    def add(self, keys: list[Key], named: list[NamedKey]) -> None:
        with self._lock:
            self._merge(self._counts, dict.fromkeys(keys, 1), MAX_KEYS)
            self._merge(self._named, dict.fromkeys(named, 1), MAX_NAMES)

    def put_back(self, counts: Counter[Key], named: Counter[NamedKey]) -> None:
        with self._lock:
            self._merge(self._counts, counts, MAX_KEYS)
            self._merge(self._named, named, MAX_NAMES)

    def take(self) -> tuple[Counter[Key], Counter[NamedKey]]:
        with self._lock:
            taken = self._counts, self._named
            self._counts, self._named = Counter(), Counter()
            self._tried_at = time.monotonic()
            return taken

    def is_due(self) -> bool:
        """Tell whether there is something to write, and nobody has tried to for ``FLUSH_SECONDS``."""
        if not self._counts and not self._named:
            return False
        return self._tried_at is None or time.monotonic() - self._tried_at >= FLUSH_SECONDS

    @staticmethod
    def _merge(into: Counter[Any], numbers: Mapping[Any, int], limit: int) -> None:
        for key, number in numbers.items():
            if key in into or len(into) < limit:
                into[key] += number


_buffer = _Buffer()


def forget() -> None:
    """Drop what was counted and not written: a forked child's memory is its parent's, who writes it."""
    global _buffer  # noqa: PLW0603  a child may have been forked while another thread held the lock
    _buffer = _Buffer()


def connect_receivers() -> None:
    """Count what happens, and write it when requests and the process end."""
    signals.consent_given.connect(_note_consent, dispatch_uid="provider_site.usage.consent_given")
    signals.consent_refused.connect(_note_refusal, dispatch_uid="provider_site.usage.consent_refused")
    signals.tokens_issued.connect(_note_tokens, dispatch_uid="provider_site.usage.tokens_issued")
    signals.error_shown.connect(_note_error_page, dispatch_uid="provider_site.usage.error_shown")
    request_finished.connect(_write_if_due, dispatch_uid="provider_site.usage.request_finished")
    os.register_at_fork(after_in_child=forget)
    atexit.register(flush)


def _note_consent(*, consent: Any, granted: frozenset[str], declined: frozenset[str], **_kwargs: Any) -> None:
    if not declined:
        kind = DailyCount.Kind.CONSENT_GIVEN
    else:
        kind = DailyCount.Kind.CONSENT_PARTLY if granted else DailyCount.Kind.CONSENT_REFUSED
    count(kind=kind, application_id=consent.application_id)


def _note_refusal(*, authorization_request: Any, **_kwargs: Any) -> None:
    count(kind=DailyCount.Kind.CONSENT_REFUSED, application_id=authorization_request.application_id)


def _note_tokens(*, application_id: Any, **_kwargs: Any) -> None:
    count(kind=DailyCount.Kind.TOKEN, application_id=application_id)


def _note_error_page(*, request: HttpRequest, client_id: str, **_kwargs: Any) -> None:
    count_error(client_id=client_id or sent_client_id(request))


def sent_client_id(request: HttpRequest) -> str:
    """Return the client identifier an authorization request names, verified by nobody."""
    return request.GET.get("client_id") or request.POST.get("client_id") or ""


def count(*, kind: DailyCount.Kind, application_id: Any = None) -> None:
    """Count that something happened now at an application, or at the site alone. Never waits and never fails."""
    day = today()
    keys: list[Key] = [(day, kind.value, None)]
    if application_id is not None:
        keys.append((day, kind.value, application_id))
    _buffer.add(keys, [])


def count_error(*, client_id: str, error: str = "") -> None:
    """Count an error at the site, and at the application whose ``client_id`` was sent, if there is one.

    Nobody has proven to be that client, so who knows the identifier can make the number grow; it decides nothing.
    ``ORDINARY_ANSWERS`` are no errors.
    """
    if error in ORDINARY_ANSWERS:
        return
    day, kind = today(), DailyCount.Kind.ERROR.value
    # RFC 6749 A.1: visible ASCII; anything else is nobody's, and databases refuse some of it.
    known = client_id.isascii() and client_id.isprintable() and 0 < len(client_id) <= 100
    _buffer.add([(day, kind, None)], [(day, kind, client_id)] if known else [])


def _write_if_due(**_kwargs: Any) -> None:
    if not _buffer.is_due():
        return
    connection = connections[router.db_for_write(DailyCount)]
    if connection.in_atomic_block:  # not ours to write into: it may be rolled back
        return
    flush()
    # This may be the last receiver: where connections are not kept, nobody else would close this one.
    connection.close_if_unusable_or_obsolete()


def flush() -> None:
    """Write what this process has counted. On failure the numbers wait for the next time; nothing is raised."""
    counts, named = _buffer.take()
    if not counts and not named:
        return
    try:
        _write(counts, named)
    except Exception:  # whatever is wrong with the database, statistics break no request
        logger.warning("usage could not be written; it is tried again later", exc_info=True)
        _buffer.put_back(counts, named)


def _write(counts: Counter[Key], named: Counter[NamedKey]) -> None:
    using = router.db_for_write(DailyCount)
    model = applications.application_model()._default_manager.using(using)
    total = counts.copy()
    if named:
        names = {client_id for _day, _kind, client_id in named}
        keys = dict(model.filter(client_id__in=names).values_list("client_id", "pk"))
        for (day, kind, client_id), number in named.items():
            if client_id in keys:
                total[day, kind, keys[client_id]] += number
    with transaction.atomic(using=using):
        # In one order in every process: two that write at once wait for each other, and never both.
        missing = [key for key in sorted(total, key=_order) if not _add(using, key, total[key])]
        if not missing:
            return
        wanted = {key[2] for key in missing if key[2] is not None}
        there = {None, *model.filter(pk__in=wanted).values_list("pk", flat=True)}  # an application may be deleted
        missing = [key for key in missing if key[2] in there]
        rows = [DailyCount(day=day, kind=kind, application_id=pk) for day, kind, pk in missing]
        # Empty, and added to below: another process may have made the same row just now.
        DailyCount.objects.using(using).bulk_create(rows, ignore_conflicts=True)
        for key in missing:
            _add(using, key, total[key])


def _order(key: Key) -> tuple[date, str, str]:
    day, kind, application_id = key
    return day, kind, "" if application_id is None else str(application_id)


def _add(using: str, key: Key, number: int) -> bool:
    day, kind, application_id = key
    rows = DailyCount.objects.using(using).filter(application_id=application_id, day=day, kind=kind)
    return rows.update(count=F("count") + number) == 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Numbers per kind and day: ``counts[kind][i]`` is that of ``days[i]``, oldest first, without gaps."""

    days: tuple[date, ...]
    counts: Mapping[DailyCount.Kind, tuple[int, ...]]

    def total(self, kind: DailyCount.Kind) -> int:
        """Return the sum over all days."""
        return sum(self.counts[kind])


def series(*, application: Any = None, days: int = 30) -> Usage:
    """Return the last ``days`` days of an application, or of the site: this process's numbers written first."""
    flush()
    end = today()
    period = tuple(end - timedelta(days=ago) for ago in reversed(range(days)))
    key: Any = application.pk if application is not None else None
    rows = DailyCount.objects.filter(application_id=key, day__gte=period[0], day__lte=end)
    found = {(day, kind): number for day, kind, number in rows.values_list("day", "kind", "count")}
    return Usage(
        days=period,
        counts={kind: tuple(found.get((day, kind.value), 0) for day in period) for kind in DailyCount.Kind},
    )
