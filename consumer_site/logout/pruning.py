"""Delete what signing out needs no longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Model, QuerySet
from django.utils import timezone

from consumer_site.logout.sessions import store_class
from consumer_site.models import LogoutReceipt, SessionLink

BATCH = 500


def prune(*, now: datetime | None = None) -> tuple[int, int]:
    """Delete receipts past their time, and links of sessions that are gone or have run out; return how many of each."""
    now = now or timezone.now()
    return _receipts(now), _links(now)


def _receipts(now: datetime) -> int:
    rows = LogoutReceipt.objects.filter(expires_at__lte=now).order_by("expires_at")
    deleted, ahead = 0, rows
    # Each batch begins in the index where the last one ended: what was deleted there is not looked at again.
    while batch := list(ahead.values_list("pk", "expires_at")[:BATCH]):
        deleted += _delete(LogoutReceipt.objects.filter(pk__in=[pk for pk, _expires_at in batch]))
        ahead = rows.filter(expires_at__gte=batch[-1][1])
    return deleted


def _links(now: datetime) -> int:
    # Not those of sign-ins that begin meanwhile.
    rows, deleted, last = SessionLink.objects.filter(created_at__lte=now), 0, 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "session_key")[:BATCH]):
        last = batch[-1][0]
        alive = _alive([session_key for _pk, session_key in batch], now)
        gone = [pk for pk, session_key in batch if session_key not in alive]
        deleted += _delete(SessionLink.objects.filter(pk__in=gone))
    return deleted


def _alive(session_keys: Sequence[str], now: datetime) -> set[str]:
    """Return which of the sessions are there and have not run out."""
    store = store_class()
    if issubclass(store, DatabaseStore):
        rows = store.get_model_class().objects.filter(session_key__in=session_keys, expire_date__gt=now)
        return set(rows.values_list("session_key", flat=True))
    return {session_key for session_key in session_keys if store().exists(session_key)}


def _delete(rows: QuerySet[Model]) -> int:
    return rows.delete()[0]
