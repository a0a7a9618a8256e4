"""For how long a person may allow something: what is offered, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

# A number of days, once, or (None) until withdrawn.
Duration = int | Literal["once"] | None
ONCE: Final = "once"
_UNTIL_WITHDRAWN = "until-withdrawn"


def to_text(duration: Duration) -> str:
    """Return the duration as the form and the record write it: ``once``, days in digits, or ``until-withdrawn``."""
    return _UNTIL_WITHDRAWN if duration is None else str(duration)


def from_text(text: str) -> Duration:
    """Return the duration ``to_text`` wrote. Raises ValueError for any other text."""
    if text == _UNTIL_WITHDRAWN:
        return None
    if text == ONCE:
        return ONCE
    days = int(text)
    if to_text(days) != text:  # int() reads " 7", "+7" and digits of other scripts
        raise ValueError(f"not a duration: {text!r}")
    return days


def shortest(*limits: int | None) -> int | None:
    """Return the lowest of several limits in days; ``None`` is no limit."""
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def offered(choices: Sequence[Duration], *, limit: int | None) -> list[Duration]:
    """Return the choices that stay within ``limit`` days; what is longer becomes one choice of just the limit."""
    if limit is None:
        return list(choices)
    short: list[Duration] = [each for each in choices if each == ONCE or (isinstance(each, int) and each <= limit)]
    if len(short) < len(choices) and limit not in short:
        short.append(limit)
    return short


def preselected(offers: Sequence[Duration], *, wish: Duration) -> Duration:
    """Return the wish where it is offered, else the longest that is shorter than it, else the first offer."""
    if wish in offers:
        return wish
    days = [offer for offer in offers if isinstance(offer, int) and (wish is None or (wish != ONCE and offer <= wish))]
    return max(days) if days else offers[0]


def end(*, now: datetime, duration: Duration, once: timedelta) -> datetime | None:
    """Return when something allowed ``now`` ends; ``once`` is how long a single sign-in lasts at most."""
    if duration is None:
        return None
    return now + (once if duration == ONCE else timedelta(days=duration))
