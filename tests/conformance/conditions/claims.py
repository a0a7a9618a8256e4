"""Claims about a person, in ID tokens and at userinfo (OpenID Core 5.1, 5.3, 5.4, 5.6)."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tests.conformance.client import Answer

OF_SCOPES = {
    "openid": {"sub"},
    "profile": {
        "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender",
        "birthdate", "zoneinfo", "locale", "updated_at", "preferred_username",
    },
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
    "offline_access": set(),
}  # fmt: skip
BOOLEANS = {"email_verified", "phone_number_verified"}
TEXTS = (set().union(*OF_SCOPES.values()) | {"txn"}) - BOOLEANS - {"address", "updated_at", "birthdate"}
ADDRESS = {"formatted", "street_address", "locality", "region", "postal_code", "country"}
SKEW = 5 * 60
YEAR_1990 = 631_152_000


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.lower() != "null"


def _is_birthdate(value: Any) -> bool:
    """YYYY-MM-DD, 0000-MM-DD, or YYYY (OpenID Core 5.1)."""
    if not _is_text(value):
        return False
    years = range(1850, dt.datetime.now(dt.UTC).year + 1)
    if value.isdecimal():
        return int(value) in years
    try:
        # A year of no meaning; 2000 has every day there is.
        date = dt.date.fromisoformat(value.replace("0000-", "2000-", 1))
    except ValueError:
        return False
    return date.year in years


def have_their_types(claims: Mapping[str, Any]) -> None:
    """Standard claims have the types of the standard; empty texts and "null" are left out instead (5.1, 5.3.2)."""
    assert claims, "no claims"
    for name, value in claims.items():
        if name in BOOLEANS:
            assert isinstance(value, bool), f"{name}: {value!r}"
        elif name in TEXTS:
            assert _is_text(value), f"{name}: {value!r}"
        elif name == "birthdate":
            assert _is_birthdate(value), value
        elif name == "updated_at":
            assert type(value) in {int, float}, value
            assert YEAR_1990 <= value <= time.time() + SKEW, value
        elif name == "address":
            assert isinstance(value, dict), value
            assert value, "an empty address"
            assert all(_is_text(part) for key, part in value.items() if key in ADDRESS), value
        elif name in {"_claim_names", "_claim_sources"}:
            assert isinstance(value, dict), value
    sources, names = claims.get("_claim_sources", {}), claims.get("_claim_names", {})
    assert set(names.values()) <= set(sources), (names, sources)


def are_those_of_the_scopes(claims: Mapping[str, Any], scopes: Iterable[str]) -> None:
    """Every claim that the scopes ask for is there (5.4); the suite warns of a missing one."""
    wanted = set().union(*(OF_SCOPES[scope] for scope in scopes))
    assert wanted <= set(claims), f"missing: {sorted(wanted - set(claims))}"


def are_no_others(claims: Mapping[str, Any], scopes: Iterable[str]) -> None:
    """No standard claim is there that no scope asked for."""
    wanted = set().union(*(OF_SCOPES[scope] for scope in scopes))
    standard = set().union(*OF_SCOPES.values())
    assert not (set(claims) & standard) - wanted, f"not asked for: {sorted((set(claims) & standard) - wanted)}"


def userinfo(answer: Answer, sub: str) -> dict[str, Any]:
    """Demand a JSON answer with standard claims, about the ID token's `sub` (5.3.2); return the claims."""
    assert answer.status == 200, (answer.status, answer.headers.get("WWW-Authenticate"), answer.text[:500])
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
    assert kind == "application/json", kind
    claims = answer.body
    have_their_types(claims)
    assert claims.get("sub") == sub, (claims, sub)
    return claims
