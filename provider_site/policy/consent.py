"""Whether a person has to be asked, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """``GRANTED``, or the reason to ask."""

    GRANTED = "granted"
    FIRST_TIME = "first_time"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    NEW_SCOPE = "new_scope"
    WORDING_CHANGED = "wording_changed"
    REQUIRED_DECLINED = "required_declined"
    ALL_DECLINED = "all_declined"
    PROMPT = "prompt"
    SELECT_ACCOUNT = "select_account"
    CLIENT_UNPROVEN = "client_unproven"


@dataclass(frozen=True, slots=True)
class PastConsent:
    """What the latest consent of this person to this application says."""

    granted: frozenset[str]
    declined: frozenset[str]
    wording_version: str
    ended: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the decision looks at."""

    requested: frozenset[str]
    required: frozenset[str]
    wording_version: str
    past: PastConsent | None
    prompt_consent: bool = False
    prompt_select_account: bool = False
    decided_for_this_request: bool = False
    client_unproven: bool = False


def decide(situation: Situation) -> Outcome:
    """Return ``GRANTED`` or the first reason to ask the person.

    The order runs from "nothing to remember" to "remembered, but asked for": a reason shown on the page is the most
    basic one that holds. A decision just made for this very request answers ``prompt=consent``. A public client that is
    answered on the person's own device is asked about each time: any program there can claim to be it (RFC 8252 8.6).
    """
    past = situation.past
    if past is None:
        return Outcome.FIRST_TIME
    if past.withdrawn:
        return Outcome.WITHDRAWN
    if past.ended:
        return Outcome.ENDED
    if past.wording_version != situation.wording_version:
        return Outcome.WORDING_CHANGED
    if situation.requested - past.granted - past.declined:
        return Outcome.NEW_SCOPE
    if (situation.required & situation.requested) - past.granted:
        return Outcome.REQUIRED_DECLINED
    if not situation.requested & past.granted and not situation.decided_for_this_request:
        return Outcome.ALL_DECLINED
    if situation.prompt_consent and not situation.decided_for_this_request:
        return Outcome.PROMPT
    if situation.prompt_select_account and not situation.decided_for_this_request:
        return Outcome.SELECT_ACCOUNT
    if situation.client_unproven and not situation.decided_for_this_request:
        return Outcome.CLIENT_UNPROVEN
    return Outcome.GRANTED


def choices(*, requested: frozenset[str], required: frozenset[str]) -> frozenset[str]:
    """Return the scopes the person may leave out."""
    return requested - required


def granted(*, requested: frozenset[str], required: frozenset[str], ticked: frozenset[str]) -> frozenset[str]:
    """Return what an "Allow" with ``ticked`` boxes grants: the required ones and the ticked among the choices."""
    return (requested & required) | (ticked & choices(requested=requested, required=required))
