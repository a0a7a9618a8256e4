"""Verify logout tokens (OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.views.decorators.debug import sensitive_variables

from consumer_site.jose import TokenInvalid, check_issued, verify_signature
from consumer_site.openid.entries import Entry

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYP = "logout+jwt"
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """What a verified token says; `subject` or `sid` may be empty, not both."""

    issuer: str
    subject: str
    sid: str
    token_id: str

    @property
    def digest(self) -> str:
        """Return what tells this token from every other of every issuer."""
        return hashlib.sha256(f"{self.issuer}\n{self.token_id}".encode()).hexdigest()


@sensitive_variables()
def verify_logout_token(token: object, *, entry: Entry, now: Callable[[], float] = time.time) -> LogoutToken:
    """Return what the token says; raise TokenInvalid unless it is a logout token for this very client.

    Raise a SignInError or an OutboundError when the issuer's keys can't be had. `now` is Unix time in seconds.
    """
    metadata = entry.issuer.metadata()
    # What may sign this client's ID tokens may sign these, and nothing else (2.4).
    claims, _algorithm = verify_signature(
        token, keys=entry.issuer.keys(), algorithms=entry.algorithms(metadata), typ=TYP
    )
    check_issued(claims, issuer=metadata.issuer, client_id=entry.client_id, now=now())
    if "nonce" in claims:
        # So that no ID token is ever taken for a logout token.
        raise TokenInvalid("nonce is present")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenInvalid("events does not name a logout")
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not token_id:
        raise TokenInvalid("jti is missing or malformed")
    subject, sid = _name(claims, "sub"), _name(claims, "sid")
    if not subject and not sid:
        raise TokenInvalid("neither sub nor sid is there")
    return LogoutToken(issuer=metadata.issuer, subject=subject, sid=sid, token_id=token_id)


def _name(claims: dict[str, Any], name: str) -> str:
    """Return the claim, empty when it is not there."""
    if name not in claims:
        return ""
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise TokenInvalid(f"{name} is malformed")
    return value
