"""Which claims about a person a set of scopes opens (OpenID Core 5.1, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provider_site.policy.scopes import CLAIM_PREFIX, catalog, is_claim


@dataclass(frozen=True, slots=True)
class Person:
    """What this site knows of a person; empty text is "not known" and is never sent."""

    subject: str
    unionid: str = ""
    nickname: str = ""
    picture: str = ""
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    preferred_username: str = ""
    email: str = ""
    email_verified: bool = False
    updated_at: datetime | None = None

    def values(self) -> dict[str, Any]:
        """Return every claim with a value, in the type it has on the wire."""
        claims: dict[str, Any] = {"sub": self.subject}
        for name in ("unionid", "name", "given_name", "family_name", "preferred_username", "nickname", "picture"):
            if text := getattr(self, name):
                claims[name] = text
        if self.email:
            claims["email"] = self.email
            claims["email_verified"] = self.email_verified
        if self.updated_at:
            claims["updated_at"] = int(self.updated_at.timestamp())
        return claims


def for_scopes(person: Person, scopes: Iterable[str]) -> dict[str, Any]:
    """Return the claims ``scopes`` open; ``sub`` is always among them (OpenID Core 5.3.2)."""
    allowed = {"sub"} | opened(scopes)
    return {name: value for name, value in person.values().items() if name in allowed}


def opened(scopes: Iterable[str]) -> frozenset[str]:
    """Return the names of the claims ``scopes`` open, single claims among them (``scopes.CLAIM_PREFIX``)."""
    definitions, names = catalog(), frozenset(scopes)
    single = frozenset(name.removeprefix(CLAIM_PREFIX) for name in names if is_claim(name))
    return single.union(*(definitions[name].claims for name in names if name in definitions))


def supported() -> list[str]:
    """Return every claim some scope opens, for the discovery document."""
    return sorted({claim for scope in catalog().values() for claim in scope.claims})
