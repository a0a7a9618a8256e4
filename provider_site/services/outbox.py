"""The outbox: deliveries written with their cause, made by a background worker, retried, and given up in plain view."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from provider_site.models import OutboxMessage
from provider_site.storage import batches

logger = logging.getLogger("provider_site.outbox")

MAX_ATTEMPTS = 8
_deliverers: dict[str, Callable[[dict[str, Any]], None]] = {}


class Undelivered(Exception):
    """A delivery failed for a reason that people may read: its words stand in the admin and hold no secret.

    ``final``: another attempt would end the same, so the message is given up.
    """

    def __init__(self, words: str, *, final: bool = False) -> None:
        super().__init__(words)
        self.final = final


def deliverer(kind: str) -> Callable[[Callable[[dict[str, Any]], None]], Callable[[dict[str, Any]], None]]:
    """Register the function that delivers messages of ``kind``. It gets the payload, may run twice, raises to retry."""

    def register(function: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        _deliverers[kind] = function
        return function

    return register


def put(*, kind: str, payload: dict[str, Any], not_before: datetime | None = None, about: str = "") -> OutboxMessage:
    """Write a message in the caller's transaction; a worker is told once that has committed.

    One that is for later (``not_before``) is found by the periodic run. ``about`` is what the page of another record
    finds it by.
    """
    if kind not in _deliverers:
        raise ValueError(f"nothing delivers {kind!r}")
    due = not_before or timezone.now()
    message = OutboxMessage.objects.create(kind=kind, payload=payload, next_attempt_at=due, about=about)
    if not_before is None:
        transaction.on_commit(lambda: _wake(message.pk))
    return message


def kinds() -> list[str]:
    """Return the kinds of messages that something delivers."""
    return sorted(_deliverers)


@transaction.atomic
def retry(*, message_ids: Sequence[int]) -> int:
    """Make messages that are not delivered due now, with all their attempts again; return how many."""
    rows = OutboxMessage.objects.select_for_update().filter(pk__in=message_ids, delivered_at=None)
    keys = list(rows.values_list("pk", flat=True))
    OutboxMessage.objects.filter(pk__in=keys).update(dead_at=None, attempts=0, next_attempt_at=timezone.now())
    for key in keys:
        transaction.on_commit(partial(_wake, key))
    return len(keys)


def retry_given_up() -> int:
    """Make every message that was given up due now, with all its attempts again; return how many."""
    rows = OutboxMessage.objects.filter(delivered_at=None, dead_at__isnull=False)
    return sum(retry(message_ids=keys) for keys in batches.of_keys(rows, size=100))


@task()
def deliver_outbox_message(message_id: int) -> bool:
    """Deliver one message in a background worker; return whether it went out."""
    return deliver(message_id=message_id)


def _wake(message_id: int) -> None:
    try:
        deliver_outbox_message.enqueue(message_id)
    except Exception:
        # The message is committed; `deliver_outbox` finds it at its next run.
        logger.exception("outbox message %s waits for the periodic run", message_id)


def deliver(*, message_id: int) -> bool:
    """Deliver one message if it is due; return whether it is delivered now.

    A lease (the next attempt's time, moved by one conditional UPDATE) keeps two workers off the same message without a
    transaction open around the delivery. At least once: a crash after delivery delivers again.
    """
    message = OutboxMessage.objects.filter(pk=message_id, delivered_at__isnull=True, dead_at__isnull=True).first()
    now = timezone.now()
    if message is None or message.next_attempt_at > now:
        return False
    lease = now + timedelta(minutes=min(2**message.attempts, 60))
    taken = OutboxMessage.objects.filter(pk=message.pk, next_attempt_at=message.next_attempt_at).update(
        next_attempt_at=lease, attempts=message.attempts + 1
    )
    if taken != 1:
        return False
    try:
        _deliverers[message.kind](message.payload)
    except Exception as error:  # noqa: BLE001  whatever a delivery raises, it is tried again
        _note_failure(message, attempts=message.attempts + 1, error=error)
        return False
    OutboxMessage.objects.filter(pk=message.pk).update(delivered_at=timezone.now(), last_error="")
    return True


def _note_failure(message: OutboxMessage, *, attempts: int, error: Exception) -> None:
    logger.warning("outbox message %s (%s), attempt %s: %s", message.pk, message.kind, attempts, type(error).__name__)
    readable = isinstance(error, Undelivered)
    changes: dict[str, Any] = {"last_error": (str(error) if readable else type(error).__name__)[:200]}
    if attempts >= MAX_ATTEMPTS or (isinstance(error, Undelivered) and error.final):
        changes["dead_at"] = timezone.now()
    OutboxMessage.objects.filter(pk=message.pk).update(**changes)


def deliver_due(*, limit: int = 500) -> int:
    """Deliver what is due, oldest first; return how many were delivered. Idempotent; for a timer."""
    due = OutboxMessage.objects.filter(
        delivered_at__isnull=True, dead_at__isnull=True, next_attempt_at__lte=timezone.now()
    )
    return sum(deliver(message_id=pk) for pk in list(due.order_by("pk").values_list("pk", flat=True)[:limit]))
