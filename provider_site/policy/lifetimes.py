"""How long tokens live."""

from __future__ import annotations

from datetime import datetime, timedelta

# A resource server that reads a token by itself learns of no withdrawal: this is how long it may go on believing one.
JWT_ACCESS_TOKEN = timedelta(minutes=5)


def bounded_end(*, now: datetime, lifetime: timedelta, consent_ends_at: datetime | None) -> datetime:
    """Return when a token ends: after ``lifetime``, and never after the consent it hangs on."""
    end = now + lifetime
    return end if consent_ends_at is None else min(end, consent_ends_at)
