"""Who may know how much of a token (RFC 7662 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """A token as stored: whether it holds now, and what for. ``audience`` is empty for one without any."""

    row: Any
    authorization: Any | None
    holds: bool
    names: tuple[str, ...]
    expires_at: datetime
    audience: tuple[str, ...]
    is_access_token: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The part of a token that somebody may know of."""

    scopes: frozenset[str]
    audience: str | list[str]


def to_its_client(found: Found) -> Shown:
    """Return all of the token: whoever it was issued to may know."""
    return Shown(frozenset(found.names), list(found.audience))


def to_resource_server(found: Found, *, identifier: str, scopes: frozenset[str], refresh_tokens: bool) -> Shown | None:
    """Return the part of somebody else's token that a resource server may know of; ``None`` for nothing.

    A token with an audience is its business only if it is in it, whatever the scopes; one without, if they share a
    scope. Of the scopes it learns of its own alone; without any of its own, of all in a token that is addressed to it.
    """
    if not found.is_access_token and not refresh_tokens:
        return None
    if found.audience:
        if not identifier or identifier not in found.audience:
            return None
        return Shown(frozenset(found.names) & scopes if scopes else frozenset(found.names), identifier)
    shared = frozenset(found.names) & scopes
    return Shown(shared, "") if shared else None
