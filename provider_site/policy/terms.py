"""On what terms each scope of a consent was allowed: since when, until when, how often, in which words.

A person may allow one scope for a year and another, asked for later, once. What a decision did not speak of keeps its
terms: no later choice of a longer duration reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Term:
    """The terms of one scope; ``ends_at`` ``None`` is "until withdrawn", ``once`` "for a single sign-in".

    ``unasked``: allowed by an administrator, for an application of the site itself, and only while it is one;
    ``outdated``: the application was another to the person then (policy/facts.py identity()).
    """

    given_at: datetime
    ends_at: datetime | None
    once: bool = False
    wording: str = ""
    unasked: bool = False
    outdated: bool = False

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
            "unasked": term.unasked,
            "outdated": term.outdated,
        }
        for name, term in terms.items()
    }


def from_json(stored: Mapping[str, Any], *, scopes: Iterable[str], whole: Term) -> dict[str, Term]:
    """Return the terms of each of ``scopes``; one without terms of its own has those of the ``whole`` consent.

    ``ends_at`` of the whole bounds every scope.
    """
    return {name: _read(stored[name], whole) if name in stored else whole for name in scopes}


def _read(value: Mapping[str, Any], whole: Term) -> Term:
    own = datetime.fromisoformat(value["ends_at"]) if value["ends_at"] else None
    return Term(
        given_at=datetime.fromisoformat(value["given_at"]),
        ends_at=earliest([own, whole.ends_at]),
        once=bool(value["once"]),
        wording=str(value["wording"]),
        unasked=bool(value["unasked"]),
        outdated=bool(value["outdated"]),
    )


def held(terms: Terms, *, now: datetime, limit: timedelta | None, first_party: bool = False) -> frozenset[str]:
    """Return the scopes that are allowed at ``now``."""
    return frozenset(
        name for name, term in terms.items() if term.holds(now, limit) and (first_party or not term.unasked)
    )


def decided(
    terms: Terms, *, granted: frozenset[str], declined: frozenset[str], anew: frozenset[str], term: Term
) -> dict[str, Term]:
    """Return the terms after a decision: ``term`` for what was granted anew; the rest as it was, less the declined.

    ``terms`` are those that hold; ``anew`` is what the page asked about.
    """
    kept = {name: known for name, known in terms.items() if name not in declined}
    return kept | {name: term for name in granted if name in anew or name not in kept}


def stale(terms: Terms, *, is_reworded: Callable[[str, str], bool]) -> frozenset[str]:
    """Return the scopes whose terms no longer answer a request: once, in other words, or to another application.

    ``is_reworded`` tells of a scope and a version of its words whether they mean something else now.
    """
    return frozenset(
        name for name, term in terms.items() if term.once or term.outdated or is_reworded(name, term.wording)
    )


def unasked(terms: Terms, *, granted: frozenset[str], term: Term, anew: frozenset[str]) -> dict[str, Term]:
    """Return the terms after an administrator's decision in the person's place: ``term`` for what they had no say in.

    What holds stays as it is; where that no longer answers the question (``anew``) it becomes the administrator's, but
    never lasts longer than the person had wanted.
    """
    new = {name: term for name in granted if name not in terms}
    renewed = {
        name: replace(term, given_at=terms[name].given_at, ends_at=earliest([term.ends_at, terms[name].ends_at]))
        for name in granted & anew & terms.keys()
    }
    return {**terms, **new, **renewed}
