"""How long tokens live."""

from __future__ import annotations

from datetime import datetime, timedelta


def bounded_end(*, now: datetime, lifetime: timedelta, consent_ends_at: datetime | None) -> datetime:
    """Return when a token ends: after ``lifetime``, and never after the consent it hangs on."""
    end = now + lifetime
    return end if consent_ends_at is None else min(end, consent_ends_at)
