"""A database that was restored from a backup, made fit to serve: what had ended since must not live again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches

from provider_site.models import AuditEvent
from provider_site.services import endings
from provider_site.storage import sequences

_Action = AuditEvent.Action
_OF_CONSENTS = {_Action.CONSENT_WITHDRAWN, _Action.CONSENT_ENDED, _Action.CONSENT_NARROWED, _Action.CONSENT_UNUSED}
# What took something away, and is not repeated by a program: whoever does it again looks at it first.
_BY_HAND = {
    _Action.APPLICATION_SUSPENDED,
    _Action.APPLICATION_DELETED,
    _Action.APPLICATION_CHANGED,
    _Action.CHANGE_APPROVED,
    _Action.MEMBER_REMOVED,
    _Action.SECRET_ROTATED,
    _Action.SECRET_REVOKED,
    _Action.ACCOUNT_DEACTIVATED,
    _Action.ACCOUNT_DELETED,
    _Action.PERSON_ERASED,
    _Action.RESOURCE_SERVER_CHANGED,
    _Action.KEY_RETIRED,
}


class MalformedTrail(Exception):
    """A text that is no audit trail as ``export_audit`` writes it; its words say which line."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What an audit trail says of the time after the backup: the consents that ended, and what to repeat by hand."""

    consents: frozenset[int]
    by_hand: tuple[str, ...]


def read_trail(lines: Iterable[str]) -> Trail:
    """Read a trail as ``export_audit`` writes it, one JSON object to a line. Raises MalformedTrail.

    What the restored database has itself is passed over: the rows of the trail are never changed.
    """
    last = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    consents, by_hand = set(), []
    for number, line in enumerate(lines, start=1):
        try:
            event: dict[str, Any] = json.loads(line)
            if event["id"] <= last:
                continue
            action, data = event["action"], event["data"]
            if action in _OF_CONSENTS and isinstance(data.get("consent"), int):
                consents.add(data["consent"])
            elif action in _BY_HAND:
                by_hand.append(" ".join([event["at"], action, event["client_id"], json.dumps(data)]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MalformedTrail(f"line {number} is no event of an audit trail") from error
    return Trail(frozenset(consents), tuple(by_hand))


def restored(*, reason: str, trail: Trail | None, skip_ids: int) -> dict[str, int]:
    """End what the backup brought back; return how many of each. Safe to stop and repeat.

    Every token, code and session; the consents that ``trail`` names, and without a trail all of them, for nobody knows
    which were withdrawn since. The next ``skip_ids`` numbers of every table are left out: rows of the time that was
    lost had them, and others may know these still, such as applications to which the primary key is the subject.
    """
    skipped = sequences.skip(skip_ids) if skip_ids else 0
    for alias in settings.CACHES:
        # It knows sessions, and perhaps more, of rows that are not there.
        caches[alias].clear()
    ended = endings.end_everyone(reason=reason)
    # Now of consents that came back: none of what they bought lives any more.
    ended["consents"] = endings.end_consents(reason=reason, consents=trail.consents if trail is not None else None)
    return {**ended, "tables with new numbers": skipped}
