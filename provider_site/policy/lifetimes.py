"""How long tokens and consents live."""

from __future__ import annotations

from datetime import datetime, timedelta


def bounded_end(*, now: datetime, lifetime: timedelta, consent_ends_at: datetime | None) -> datetime:
    """Return when a token ends: after ``lifetime``, and never after the consent it hangs on."""
    end = now + lifetime
    return end if consent_ends_at is None else min(end, consent_ends_at)


def consent_end(*, now: datetime, days: int | None) -> datetime | None:
    """Return when a consent given ``now`` for ``days`` ends; ``None`` is "until withdrawn"."""
    return None if days is None else now + timedelta(days=days)
