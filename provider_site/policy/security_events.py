"""What an application is told when it loses something: events and their standard types (RFC 8417, SSF, RISC, CAEP)."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from provider_site.policy import scopes as scope_policy

TYP = "secevent+jwt"
MEDIA_TYPE = "application/secevent+jwt"
_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_SSF = "https://schemas.openid.net/secevent/ssf/event-type/"


class Event(StrEnum):
    """What happened between a person and an application."""

    WITHDRAWN = "withdrawn"  # the person took everything back
    UNUSED = "unused"  # the consent ended because nothing used it
    NARROWED = "narrowed"  # some scopes are gone, others remain
    SIGNED_OUT = "signed_out"  # every sign-in and token ended, the consent stays
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_PURGED = "account_purged"  # deleted for good
    VERIFICATION = "verification"  # a test, of nobody


TYPES = {
    Event.WITHDRAWN: _OAUTH + "tokens-revoked",
    Event.UNUSED: _OAUTH + "tokens-revoked",
    Event.NARROWED: _CAEP + "token-claims-change",
    Event.SIGNED_OUT: _CAEP + "session-revoked",
    Event.ACCOUNT_DISABLED: _RISC + "account-disabled",
    Event.ACCOUNT_PURGED: _RISC + "account-purged",
    Event.VERIFICATION: _SSF + "verification",
}


def events_claim(event: Event, *, taken: Collection[str] = (), left: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Return the ``events`` claim: one event type and what there is to know of it (RFC 8417 2.2).

    ``taken`` and ``left`` are the scopes that are gone and those that remain.
    """
    details: dict[str, Any] = {}
    if event in {Event.WITHDRAWN, Event.UNUSED}:
        details = {"reason": event.value}
    elif event == Event.NARROWED:
        details = {
            "initiating_entity": "user",
            "claims": {"scope": " ".join(scope_policy.on_the_wire(scope_policy.in_order(left)))},
            "removed_scope": " ".join(scope_policy.on_the_wire(scope_policy.in_order(taken))),
        }
    elif event == Event.SIGNED_OUT:
        details = {"initiating_entity": "user"}
    return {TYPES[event]: details}
