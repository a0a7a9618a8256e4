"""Whether a token may be used, decided at each use from what is stored now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Refusal(StrEnum):
    """Why a token is refused. Clients are told ``invalid_token`` alike; the log has the reason."""

    EXPIRED = "expired"
    USER_INACTIVE = "user_inactive"
    APPLICATION_NOT_APPROVED = "application_not_approved"
    VOIDED = "voided"
    AUTHORIZATION_REVOKED = "authorization_revoked"
    AUTHORIZATION_UNKNOWN = "authorization_unknown"
    CONSENT_CLOSED = "consent_closed"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is known of a token at the moment it is presented."""

    expires_at: datetime
    has_user: bool
    user_active: bool
    application_approved: bool
    voided: bool
    taken_over: bool
    authorization_known: bool
    authorization_revoked: bool
    consent_open: bool
    offline: bool
    session_ended: bool
    password_changed: bool


def refusal(facts: TokenFacts, *, now: datetime) -> Refusal | None:
    """Return why the token is refused, or ``None``.

    A token of a person needs an authorization, but for one that stock DOT had issued before the application was taken
    over; there the consent, if one has been recorded since, still decides.
    """
    if now >= facts.expires_at:
        return Refusal.EXPIRED
    if not facts.application_approved:
        return Refusal.APPLICATION_NOT_APPROVED
    if facts.voided:  # issued before a suspension: reinstating the application brings none of its tokens back
        return Refusal.VOIDED
    if not facts.has_user:
        return None
    if not facts.user_active:
        return Refusal.USER_INACTIVE
    if not facts.authorization_known and not facts.taken_over:
        return Refusal.AUTHORIZATION_UNKNOWN
    if facts.authorization_revoked:
        return Refusal.AUTHORIZATION_REVOKED
    if not facts.consent_open:
        return Refusal.CONSENT_CLOSED
    if facts.session_ended and not facts.offline:
        return Refusal.SESSION_ENDED
    if facts.password_changed:  # where the site wants that to end everything
        return Refusal.PASSWORD_CHANGED
    return None
