"""The ``claims`` parameter of an authorization request (OpenID Core 5.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 8192
_NAMES = 100


class Malformed(Exception):
    """The parameter is no claims request. Its text is for the client: ASCII, without quotes."""


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What a client asks for claim by claim.

    ``userinfo`` and ``id_token`` name the claims wanted there; ``acr_values`` the authentication contexts asked for,
    which have to be reached where ``acr_essential``; ``subject`` is the person it has to be.
    """

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    subject: str | None = None


def parse(text: str) -> ClaimsRequest:
    """Return the request in the parameter's JSON. Members it does not know are left out, as 5.5 has it.

    Raises Malformed.
    """
    if len(text) > _LONGEST:
        raise Malformed(f"The claims parameter has more than {_LONGEST} characters.")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("The claims parameter is not JSON.") from None
    if not isinstance(values, dict):
        raise Malformed("The claims parameter is not a JSON object.")
    if not _is_storable(values):
        raise Malformed("The claims parameter holds what is no Unicode text.")
    userinfo, id_token = _member(values, "userinfo"), _member(values, "id_token")
    acr = id_token.get("acr") or {}
    return ClaimsRequest(
        userinfo=tuple(userinfo),
        id_token=tuple(id_token),
        acr_values=_wanted(acr),
        # Without a value there is nothing to fall short of.
        acr_essential=acr.get("essential") is True and bool(_wanted(acr)),
        subject=_subject(userinfo, id_token),
    )


def _is_storable(values: Any) -> bool:
    """Say whether PostgreSQL would keep this as JSON: by escapes, JSON can name NUL and half a surrogate pair."""
    try:
        return "\\u0000" not in json.dumps(values, ensure_ascii=False).encode().decode()
    except (UnicodeEncodeError, RecursionError):
        return False


def _member(values: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    member = values.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict) or len(member) > _NAMES:
        raise Malformed(f"The member {name} of the claims parameter is not an object of claims.")
    if any(wish is not None and not isinstance(wish, dict) for wish in member.values()):
        raise Malformed(f"A claim in {name} of the claims parameter is neither null nor an object.")
    return {claim: wish or {} for claim, wish in member.items()}


def _wanted(wish: Mapping[str, Any]) -> tuple[str, ...]:
    values = wish.get("values")
    found = [wish.get("value"), *(values if isinstance(values, list) else [])]
    return tuple(value for value in found if isinstance(value, str) and value)


def _subject(userinfo: Mapping[str, Any], id_token: Mapping[str, Any]) -> str | None:
    named = {value for wishes in (userinfo, id_token) for value in _wanted(wishes.get("sub") or {})[:1]}
    if len(named) > 1:
        raise Malformed("The claims parameter names two subjects.")
    return named.pop() if named else None
