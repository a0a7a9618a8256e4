"""The published keys, kept in memory for a moment: every verifier asks for them, and they change once in months.

A new key signs ``JWKS_CACHE_SECONDS`` and five minutes after it was made (``key_life.ready_at``): that the last process
publishes it ``KEPT`` later is far within this margin. A key that is retired, compromised or not, is gone from every
process's answers after ``KEPT`` at most, and from those of the process that retired it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.db import connections, router

from provider_site.models import SigningKey
from provider_site.services import keys

# Seconds.
KEPT = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class KeySet:
    """A JWK set (RFC 7517 5). The instance is another one when, and only when, the keys are others."""

    jwks: dict[str, Any]


class _Memory:
    """What this process knows, and since when by the monotonic clock."""

    kept: tuple[float, KeySet] | None = None


_memory = _Memory()


def current() -> KeySet:
    """Return the keys published now, or less than ``KEPT`` ago.

    In a transaction always those that it sees, which nobody else may keep: it may have changed them, and be undone.
    """
    if connections[router.db_for_read(SigningKey)].in_atomic_block:
        return KeySet(keys.published_jwks())
    kept, now = _memory.kept, monotonic()
    if kept is not None and now - kept[0] < KEPT:
        return kept[1]
    jwks = keys.published_jwks()
    known = kept[1] if kept is not None and kept[1].jwks == jwks else KeySet(jwks)
    _memory.kept = (now, known)
    return known


def forget() -> None:
    """Ask the database the next time."""
    _memory.kept = None
