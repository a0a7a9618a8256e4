"""How somebody proved who they are, how much that is worth, and whether it has to be proven anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from provider_site.sign_in_settings import MULTI_FACTOR, PHISHING_RESISTANT, SINGLE_FACTOR

_FACTORS = frozenset({"pwd", "otp", "pop"})


def methods(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return as ``amr`` values (RFC 8176, OpenID EAP) what allauth recorded of a session: ``method``, ``type``, ….

    A passkey may be in hardware or not, so it is ``pop``, which leaves that open, rather than ``hwk``. One that opened
    the account alone was unlocked by its holder: two factors.
    """
    names: set[str] = set()
    for record in records:
        if record.get("method") == "password":
            names.add("pwd")
        elif record.get("method") == "mfa" and record.get("type") == "webauthn":
            names |= {"pop", "mfa"} if record.get("passwordless") else {"pop"}
        elif record.get("method") == "mfa":
            names.add("otp")
    if len(names & _FACTORS) > 1:
        names.add("mfa")
    return sorted(names)


def contexts(amr: Collection[str]) -> tuple[str, ...]:
    """Return the authentication contexts that these methods amount to, the strongest first; none for unknown ones."""
    if not amr:
        return ()
    strong = "mfa" in amr or len(_FACTORS.intersection(amr)) > 1
    if "pop" in amr or "hwk" in amr:
        return (PHISHING_RESISTANT, *((MULTI_FACTOR,) if strong else ()), SINGLE_FACTOR)
    return (MULTI_FACTOR, SINGLE_FACTOR) if strong else (SINGLE_FACTOR,)


def context(amr: Collection[str], *, wanted: Collection[str]) -> str:
    """Return the ``acr`` to tell a client: the first ``wanted`` one that is reached, else the strongest, or empty."""
    reached = contexts(amr)
    for name in wanted:
        if name in reached:
            return name
    return reached[0] if reached else ""


class Demand(StrEnum):
    """Why the person has to prove who they are before the request goes on."""

    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    LOGIN_ASKED = "login_asked"
    TOO_OLD = "too_old"
    OTHER_PERSON = "other_person"
    STRONGER = "stronger"


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decision looks at.

    ``began`` is when the request came; ``resumed`` says that the person comes back to it. ``wanted_person`` is whether
    the signed-in one is whom the client names (``id_token_hint``, the claim ``sub``), ``None`` where it names nobody.
    ``amr`` is how the person signed in, ``wanted_contexts`` what the client would like (``acr_values``).
    """

    signed_in: bool
    session_ended: bool
    auth_time: datetime
    began: datetime
    resumed: bool
    login_asked: bool = False
    max_age: int | None = None
    wanted_person: bool | None = None
    amr: Collection[str] = ()
    wanted_contexts: Collection[str] = ()

    @property
    def proven_since(self) -> bool:
        """Whether the person has proven who they are for this very request."""
        return self.resumed and self.signed_in and self.auth_time >= self.began


def demand(situation: Situation) -> Demand | None:
    """Return the first reason to have the person sign in, or ``None`` (OpenID Core 3.1.2.3).

    The order runs from "nobody is there" to "somebody is, but not well enough proven".
    """
    if not situation.signed_in:
        return Demand.SIGNED_OUT
    if situation.session_ended:
        return Demand.SESSION_ENDED
    if situation.login_asked and not situation.proven_since:
        return Demand.LOGIN_ASKED
    if situation.max_age is not None and situation.auth_time < situation.began - timedelta(seconds=situation.max_age):
        return Demand.TOO_OLD
    if situation.wanted_person is False:
        return Demand.OTHER_PERSON
    if situation.wanted_contexts and not set(situation.wanted_contexts).intersection(contexts(situation.amr)):
        return Demand.STRONGER
    return None
