"""What a logout is: the token that tells of it, and when it is done without a question."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

# Back-Channel Logout 2.4.
TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME_SECONDS = 120


class Step(StrEnum):
    """What a logout that an application asks for comes to in a browser (RP-Initiated Logout 2)."""

    END = "end"  # the hint is of this very session: no question
    ASK = "ask"  # somebody is signed in, and nothing proves that the application may speak for them
    NOBODY = "nobody"  # nobody is signed in: there is nothing to end, least of all somebody else's


class Refusal(StrEnum):
    """Why a logout request is answered by a page of ours, and nothing is ended."""

    MALFORMED = "malformed"
    HINT = "hint"
    UNKNOWN_CLIENT = "unknown_client"
    MISMATCH = "mismatch"
    NO_CLIENT = "no_client"
    REDIRECT_URI = "redirect_uri"


def decide(*, signed_in: bool, hint_of_this_browser: bool) -> Step:
    """Return what to do with a valid request. A hint of another session, however genuine, is no proof here."""
    if not signed_in:
        return Step.NOBODY
    return Step.END if hint_of_this_browser else Step.ASK


def token_claims(*, issuer: str, client_id: str, subject: str, sid: str, token_id: str) -> dict[str, Any]:
    """Return the claims of a logout token but for its times: ``sid`` and ``sub`` both, and never a nonce (2.4)."""
    known = {"iss": issuer, "aud": client_id, "sub": subject, "sid": sid, "jti": token_id}
    return {**known, "events": {EVENT: {}}}


def frame_address(uri: str, *, issuer: str, sid: str) -> str:
    """Return a front-channel logout URI with the session it is about (Front-Channel Logout 2)."""
    return with_query(uri, {"iss": issuer, "sid": sid})


def with_query(uri: str, parameters: dict[str, str]) -> str:
    """Return an address with parameters added to those it has; nothing else of it changes."""
    address, mark, fragment = uri.partition("#")
    joined = address + ("&" if "?" in address else "?") + urlencode(parameters)
    return joined + mark + fragment
