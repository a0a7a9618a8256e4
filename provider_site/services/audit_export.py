"""The audit trail as a file: in pieces, whatever its length, in constant memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from provider_site.models import AuditEvent
from provider_site.services import audit

CHUNK = 1000
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
_COLUMNS = ("id", "at", "action", "actor_id", "actor_name", "application_id", "client_id", "address", "data")
# What a spreadsheet takes for a formula, or trims before it looks (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and their full-width forms
_BOM = "\ufeff"  # by it Excel knows UTF-8


def export(
    *,
    events: QuerySet[AuditEvent],
    file_format: str,
    actor: Any = None,
    request: HttpRequest | None = None,
    filters: dict[str, Any] | None = None,
) -> Iterator[str]:
    """Record that the trail is exported, and return the text of ``events``, oldest first, piece by piece.

    ``file_format`` is one of ``FORMATS``. What is recorded later is not part of it. Callers have checked who asks.
    """
    make: Callable[[list[dict[str, Any]]], str] = {"csv": _csv, "jsonl": _json_lines}[file_format]
    data = {"format": file_format, "filters": filters or {}}
    last = audit.record(action=AuditEvent.Action.AUDIT_EXPORTED, actor=actor, request=request, data=data)
    return _pieces(events.filter(at__lte=last.at), file_format, make)


def _pieces(events: QuerySet[AuditEvent], file_format: str, make: Callable[[Any], str]) -> Iterator[str]:
    if file_format == "csv":
        yield _BOM + ",".join(_COLUMNS) + "\r\n"
    for chunk in _chunks(events):
        yield make(chunk)


def _chunks(events: QuerySet[AuditEvent]) -> Iterator[list[dict[str, Any]]]:
    """Read the rows by time and key, each piece from where the last ended: the filters' indexes end in the time."""
    rows = events.order_by("at", "pk").values(*_COLUMNS)
    chunk = list(rows[:CHUNK])
    while chunk:
        yield chunk
        at, key = chunk[-1]["at"], chunk[-1]["id"]
        chunk = list(rows.filter(Q(at__gt=at) | Q(pk__gt=key), at__gte=at)[:CHUNK])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose moments and keys are texts JSON knows."""
    at: datetime = row["at"]
    keys = {name: str(row[name]) if row[name] is not None else None for name in ("actor_id", "application_id")}
    return {**row, **keys, "at": at.astimezone(timezone.get_default_timezone()).isoformat()}


def _json_lines(chunk: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(_plain(row), ensure_ascii=False) + "\n" for row in chunk)


def _csv(chunk: list[dict[str, Any]]) -> str:
    output = io.StringIO()
    writer = csv.writer(output)
    for row in map(_plain, chunk):
        row["data"] = json.dumps(row["data"], ensure_ascii=False, sort_keys=True)
        writer.writerow([_cell(row[name]) for name in _COLUMNS])
    return output.getvalue()


def _cell(value: Any) -> str:
    """Return a text that no spreadsheet runs as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
