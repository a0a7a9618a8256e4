"""Access that nobody uses ends: when a person is told, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Who is written to about one application is told at once of those whose turn comes within so long: not a mail a day.
GATHERED = timedelta(days=7)


class Use(StrEnum):
    """How it stands with the use of a consent."""

    FINE = "fine"
    FLAGGED = "flagged"  # unused for long: it ends unless it is used before
    OVER = "over"  # the nightly run ends it


@dataclass(frozen=True, slots=True)
class State:
    """How it stands, and, unless all is fine, when the consent ends without use."""

    use: Use
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """After how long without use a consent ends, and for how long before that its person knows."""

    after: timedelta
    warning: timedelta

    @property
    def notice(self) -> timedelta:
        """How long a person has after being told: half of ``after`` at most, or all were flagged from the start."""
        return min(self.warning, self.after / 2)

    def quiet_until(self, now: datetime) -> datetime:
        """Return the moment since which a consent must have been unused for its person to be told ``now``."""
        return now - (self.after - self.notice)

    def gathered_until(self, now: datetime) -> datetime:
        """Return the same for what is told along with another: its turn comes soon."""
        return min(self.quiet_until(now) + min(GATHERED, self.notice), now)

    def ends_at(self, *, used_at: datetime, warned_at: datetime) -> datetime:
        """Return when an unused consent ends: never before its person has known of it for the whole notice."""
        return max(used_at + self.after, warned_at + self.notice)


def used_at(*, given_at: datetime, last_used_at: datetime | None) -> datetime:
    """Return when somebody last wanted the consent: gave it, or used it."""
    return max(given_at, last_used_at) if last_used_at is not None else given_at


def state(
    rule: Rule | None,
    *,
    given_at: datetime,
    last_used_at: datetime | None,
    warned_at: datetime | None,
    now: datetime,
) -> State:
    """Return how it stands with an open consent at ``now``. ``rule`` ``None``: the site lets nothing end unused.

    A use after the warning takes it back, whether or not anything has noted so.
    """
    used = used_at(given_at=given_at, last_used_at=last_used_at)
    if rule is None or warned_at is None or used > warned_at:
        return State(Use.FINE)
    end = rule.ends_at(used_at=used, warned_at=warned_at)
    return State(Use.FLAGGED if now < end else Use.OVER, end)
