"""On what terms each scope of a consent was allowed: since when, until when, how often, in which words.

A person may allow one scope for a year and another, asked for later, once. What a decision did not speak of keeps its
terms: no later choice of a longer duration reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Term:
    """The terms of one scope; ``ends_at`` ``None`` is "until withdrawn", ``once`` "for a single sign-in"."""

    given_at: datetime
    ends_at: datetime | None
    once: bool = False
    wording: str = ""

    def end(self, limit: timedelta | None) -> datetime | None:
        """Return when the scope ends, by its own end and by the longest that is allowed now, whichever comes first."""
        if limit is None:
            return self.ends_at
        return earliest([self.ends_at, self.given_at + limit])

    def holds(self, now: datetime, limit: timedelta | None) -> bool:
        """Tell whether the scope is allowed at ``now``."""
        end = self.end(limit)
        return end is None or now < end


Terms = Mapping[str, Term]


def earliest(ends: Iterable[datetime | None]) -> datetime | None:
    """Return the first of several ends, where ``None`` never comes."""
    known = [end for end in ends if end is not None]
    return min(known) if known else None


def latest(ends: Iterable[datetime | None]) -> datetime | None:
    """Return the last of several ends, where ``None`` never comes; also of none at all."""
    every = list(ends)
    known = [end for end in every if end is not None]
    return max(known) if known and len(known) == len(every) else None


def to_json(terms: Terms) -> dict[str, Any]:
    """Return the terms as the database keeps them."""
    return {
        name: {
            "given_at": term.given_at.isoformat(),
            "ends_at": term.ends_at.isoformat() if term.ends_at is not None else None,
            "once": term.once,
            "wording": term.wording,
        }
        for name, term in terms.items()
    }


def from_json(
    stored: Mapping[str, Any], *, scopes: Iterable[str], given_at: datetime, ends_at: datetime | None, wording: str
) -> dict[str, Term]:
    """Return the terms of each of ``scopes``; one without terms of its own has those of the whole consent.

    ``ends_at`` of the whole bounds every scope.
    """
    whole = Term(given_at, ends_at, wording=wording)
    return {name: _read(stored[name], whole) if name in stored else whole for name in scopes}


def _read(value: Mapping[str, Any], whole: Term) -> Term:
    own = datetime.fromisoformat(value["ends_at"]) if value["ends_at"] else None
    given_at = datetime.fromisoformat(value["given_at"])
    return Term(given_at, earliest([own, whole.ends_at]), bool(value["once"]), str(value["wording"]))


def held(terms: Terms, *, now: datetime, limit: timedelta | None) -> frozenset[str]:
    """Return the scopes that are allowed at ``now``."""
    return frozenset(name for name, term in terms.items() if term.holds(now, limit))


def decided(
    terms: Terms, *, granted: frozenset[str], declined: frozenset[str], anew: frozenset[str], term: Term
) -> dict[str, Term]:
    """Return the terms after a decision: ``term`` for what was granted anew; the rest as it was, less the declined.

    ``terms`` are those that hold; ``anew`` is what the page asked about.
    """
    kept = {name: known for name, known in terms.items() if name not in declined}
    return kept | {name: term for name in granted if name in anew or name not in kept}
