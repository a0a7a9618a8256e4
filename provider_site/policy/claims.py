"""Which claims about a person a set of scopes opens (OpenID Core 5.1, 5.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provider_site.policy.scopes import CLAIM_PREFIX, catalog, is_claim

_TEXTS = (
    *("unionid", "name", "given_name", "family_name", "middle_name", "preferred_username", "nickname", "picture"),
    *("profile", "website", "gender", "birthdate", "zoneinfo", "locale"),
)
# OpenID Core 5.1.1, in the order people write them.
ADDRESS_PARTS = ("formatted", "street_address", "locality", "region", "postal_code", "country")
_FLAGS = frozenset({"email_verified", "phone_number_verified"})
# What a token says of itself and its issuer, and identifiers: nothing of a host's may stand in their place.
_RESERVED = frozenset(
    {
        *("sub", "unionid", "iss", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "acr", "amr", "azp", "sid"),
        *("at_hash", "c_hash", "s_hash", "events", "toe", "txn", "sub_id", "client_id", "scope", "cnf", "act"),
        *("may_act", "_claim_names", "_claim_sources"),
    }
)


# What an ID token tells besides the person: its issuer, its times, and the sign-in (OpenID Core 2).
OF_THE_SIGN_IN = frozenset({"iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid"})


@dataclass(frozen=True, slots=True)
class Person:
    """What this site knows of a person; empty text is "not known" and is never sent.

    ``address`` has some of ``ADDRESS_PARTS``; ``of_the_host`` is what ``checked`` let through of the setting
    ``CLAIMS``: it takes the place of what is known here, and ``None`` in it says that nothing is told.
    """

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
    middle_name: str = ""
    profile: str = ""
    website: str = ""
    gender: str = ""
    birthdate: str = ""
    zoneinfo: str = ""
    locale: str = ""
    phone_number: str = ""
    phone_number_verified: bool = False
    address: Mapping[str, str] = field(default_factory=dict)
    of_the_host: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return every claim with a value, in the type it has on the wire."""
        claims: dict[str, Any] = {"sub": self.subject}
        for name in _TEXTS:
            if text := getattr(self, name):
                claims[name] = text
        for name in ("email", "phone_number"):
            if text := getattr(self, name):
                claims[name] = text
                claims[f"{name}_verified"] = getattr(self, f"{name}_verified")
        if any(self.address.values()):
            claims["address"] = {part: self.address[part] for part in ADDRESS_PARTS if self.address.get(part)}
        if self.updated_at:
            claims["updated_at"] = int(self.updated_at.timestamp())
        return _with_host(claims, self.of_the_host)


def _with_host(claims: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with a host's in their place; whether its e-mail address or number is proven it says itself."""
    replaced = {f"{name}_verified": False for name in ("email", "phone_number") if name in given}
    together = {**claims, **replaced, **given}
    for name in ("email", "phone_number"):
        if not together.get(name):
            together.pop(f"{name}_verified", None)
    return {name: value for name, value in together.items() if value not in (None, "", {}, [])}


def checked(given: object) -> tuple[dict[str, Any], list[str]]:
    """Return those claims of a host's that may be told, and what is wrong with the others, without their values.

    Standard claims have the types of OpenID Core 5.1, others are whatever JSON can say.
    """
    if not isinstance(given, Mapping):
        return {}, ["CLAIMS did not return a dictionary"]
    kept, problems = {}, []
    for name, value in given.items():
        if not isinstance(name, str) or name in _RESERVED:
            problems.append(f"{name!r} is not for CLAIMS to say")
        elif value is None or _has_its_type(name, value):
            kept[name] = value
        else:
            problems.append(f"{name!r} has a value of the type {type(value).__name__}")
    return kept, problems


def _has_its_type(name: str, value: Any) -> bool:
    if name in _FLAGS:
        return isinstance(value, bool)
    if name == "updated_at":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "address":
        return isinstance(value, Mapping) and all(
            part in ADDRESS_PARTS and isinstance(text, str) for part, text in value.items()
        )
    if name in _TEXTS or name in {"email", "phone_number"}:
        return isinstance(value, str)
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


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
    """Return every claim about a person that some scope opens."""
    return sorted({claim for scope in catalog().values() for claim in scope.claims})
