"""Whether a person has to be asked, why, and about what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """``GRANTED``, ``NOT_ASKED`` (granted by an administrator's decision, to be recorded), or the reason to ask."""

    GRANTED = "granted"
    NOT_ASKED = "not_asked"
    FIRST_TIME = "first_time"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    UNUSED = "unused"
    NEVER_ASKED = "never_asked"
    FACTS_CHANGED = "facts_changed"
    WORDING_CHANGED = "wording_changed"
    NEW_SCOPE = "new_scope"
    ONCE = "once"
    REQUIRED_DECLINED = "required_declined"
    ALL_DECLINED = "all_declined"
    PROMPT = "prompt"
    SENSITIVE = "sensitive"
    SELECT_ACCOUNT = "select_account"
    CLIENT_UNPROVEN = "client_unproven"


class Closed(StrEnum):
    """Why a consent is over."""

    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    UNUSED = "unused"
    ADMINISTRATOR = "administrator"


_OVER = {
    Closed.WITHDRAWN: Outcome.WITHDRAWN,
    Closed.ENDED: Outcome.ENDED,
    Closed.UNUSED: Outcome.UNUSED,
    # As if taken back: also an application of the site itself asks again.
    Closed.ADMINISTRATOR: Outcome.WITHDRAWN,
}
# What an application of the site itself does not ask about. Who took something back is asked like by any other.
_FIRST_PARTY_SKIPS = frozenset(
    {
        Outcome.FIRST_TIME,
        Outcome.ENDED,
        Outcome.UNUSED,
        Outcome.FACTS_CHANGED,
        Outcome.WORDING_CHANGED,
        Outcome.NEW_SCOPE,
        Outcome.ONCE,
    }
)
# Here the page asks only about what is not settled; for every other reason, about everything. Where nothing is left to
# ask (another tab has answered meanwhile), a form that comes late reaches no terms either.
_INCREMENTAL = frozenset(
    {
        Outcome.GRANTED,
        Outcome.ENDED,
        Outcome.NEVER_ASKED,
        Outcome.NEW_SCOPE,
        Outcome.ONCE,
        Outcome.SENSITIVE,
        Outcome.REQUIRED_DECLINED,
        Outcome.WORDING_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class PastConsent:
    """What the latest consent of this person to this application says.

    ``granted`` are the scopes that hold now; of them, ``once`` were allowed for a single sign-in and ``old_wording`` in
    words whose meaning has changed since. ``ended`` are scopes whose own time is over while others go on. ``unasked``
    are those an administrator allowed without the person: they hold while the application is one of the site itself.
    ``facts_changed`` says that the application was another when something of the request was allowed.
    """

    granted: frozenset[str] = frozenset()
    declined: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    old_wording: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    closed: Closed | None = None
    facts_changed: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the decision looks at. ``sensitive`` are the scopes that are asked about at each sign-in."""

    requested: frozenset[str]
    required: frozenset[str]
    past: PastConsent | None
    sensitive: frozenset[str] = frozenset()
    first_party: bool = False
    prompt_consent: bool = False
    prompt_select_account: bool = False
    decided_for_this_request: bool = False
    client_unproven: bool = False


def decide(situation: Situation) -> Outcome:
    """Return ``GRANTED``, ``NOT_ASKED``, or the first reason to ask the person.

    The order runs from "nothing to remember" to "remembered, but asked for": a reason shown on the page is the most
    basic one that holds. An application of the site itself skips some reasons, but nothing that was asked for outright,
    and not what the person would have to have allowed for the application to work.
    """
    each_time = _each_time(situation)
    # A decision made for this very request answers what is asked each time.
    asked_for = None if situation.decided_for_this_request else each_time
    reason = _remembered(situation) or asked_for or Outcome.GRANTED
    if situation.first_party and reason in _FIRST_PARTY_SKIPS and each_time is None:
        unasked = granted_unasked(situation)
        if unasked and situation.required & situation.requested <= unasked:
            return Outcome.NOT_ASKED
    return reason


def _remembered(situation: Situation) -> Outcome | None:
    """Return the first reason that lies in what is remembered, or ``None`` when that covers the request."""
    past = situation.past
    if past is None:
        return Outcome.FIRST_TIME
    if past.closed is not None:
        return _OVER[past.closed]
    if situation.requested & past.unasked and not situation.first_party:  # the decision not to ask was taken back
        return Outcome.NEVER_ASKED
    if past.facts_changed:
        return Outcome.FACTS_CHANGED
    if situation.requested & past.old_wording:
        return Outcome.WORDING_CHANGED
    if missing := situation.requested - past.granted - past.declined:
        return Outcome.ENDED if missing <= past.ended else Outcome.NEW_SCOPE
    if situation.requested & past.once and not situation.decided_for_this_request:
        return Outcome.ONCE
    if (situation.required & situation.requested) - past.granted:
        return Outcome.REQUIRED_DECLINED
    if not situation.requested & past.granted and not situation.decided_for_this_request:
        return Outcome.ALL_DECLINED
    return None


def _each_time(situation: Situation) -> Outcome | None:
    """Return the first reason to ask whatever is remembered.

    A public client that is answered on the person's own device is asked about each time: any program there can claim to
    be it (RFC 8252 8.6).
    """
    if situation.prompt_consent:
        return Outcome.PROMPT
    declined = situation.past.declined if situation.past is not None else frozenset()
    if (situation.requested & situation.sensitive) - declined:
        return Outcome.SENSITIVE
    if situation.prompt_select_account:
        return Outcome.SELECT_ACCOUNT
    if situation.client_unproven:
        return Outcome.CLIENT_UNPROVEN
    return None


def settled(situation: Situation) -> frozenset[str]:
    """Return the requested scopes whose terms a decision leaves as they are: allowed before, and not asked anew."""
    if situation.prompt_consent or decide(situation) not in _INCREMENTAL:
        return frozenset()
    return ticked(situation)


def known(situation: Situation) -> frozenset[str]:
    """Return the requested scopes that the application has already."""
    past = situation.past
    return situation.requested & past.granted if past is not None and past.closed is None else frozenset()


def ticked(situation: Situation) -> frozenset[str]:
    """Return the scopes whose boxes come ticked: allowed by the person themselves, and not to be asked each time.

    In the same words, that is, and to an application that is still what it was.
    """
    past = situation.past
    if past is None or past.facts_changed:
        return frozenset()
    return known(situation) - past.once - past.old_wording - past.unasked - situation.sensitive


def choices(*, requested: frozenset[str], required: frozenset[str]) -> frozenset[str]:
    """Return the scopes the person may leave out."""
    return requested - required


def granted(*, requested: frozenset[str], required: frozenset[str], ticked: frozenset[str]) -> frozenset[str]:
    """Return what an "Allow" with ``ticked`` boxes grants: the required ones and the ticked among the choices."""
    return (requested & required) | (ticked & choices(requested=requested, required=required))


def granted_unasked(situation: Situation) -> frozenset[str]:
    """Return what ``NOT_ASKED`` grants: everything requested but what the person has declined or taken back.

    A "no" outlives the consent it is in: only the person says otherwise.
    """
    return situation.requested - (situation.past.declined if situation.past is not None else frozenset())
