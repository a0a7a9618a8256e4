"""Logout: what comes back to the client, and what its servers and frames are told."""

from __future__ import annotations

import time
from typing import Any

from tests.conformance.client import IdToken, RelyingParty
from tests.conformance.conditions import jwks
from tests.conformance.conditions.claims import SKEW
from tests.conformance.listener import Received

EVENT = "http://schemas.openid.net/event/backchannel-logout"
DAY = 86_400


def comes_back_with(received: list[Received], state: str | None) -> None:
    """The browser comes once to post_logout_redirect_uri, with the state sent and nothing else (RP-Initiated 2, 3)."""
    assert len(received) == 1, f"{len(received)} visits: {received}"
    assert received[0].method == "GET", received
    assert received[0].query == ({} if state is None else {"state": state}), received[0].query


def token_of(received: list[Received]) -> str:
    """One form with a logout token and nothing else came, over TLS as it should be (Back-Channel 2.5, RFC 9325)."""
    assert len(received) == 1, f"{len(received)} requests: {received}"
    request = received[0]
    assert request.method == "POST", request
    assert request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"), request.headers
    assert set(request.form) == {"logout_token"}, request.form
    assert not request.query, request.query
    assert request.tls == "TLSv1.3", request.tls
    return request.form["logout_token"]


def tells_of_the_end(text: str, first: IdToken, rp: RelyingParty, keys: dict[str, Any]) -> None:
    """Demand everything of a logout token: claims, event, signature, the ID token's sub and sid (Back-Channel 2.4)."""
    token = IdToken(text)
    claims, now = token.claims, time.time()
    jwks.signed(text, keys)
    assert claims.get("iss") == rp.op.issuer, claims
    audience = claims.get("aud")
    client_id = rp.application.client_id
    assert client_id in (audience if isinstance(audience, list) else [audience]), claims
    assert type(claims.get("iat")) is int, claims
    assert now - DAY <= claims["iat"] <= now + SKEW, claims
    assert claims.get("jti"), claims
    assert claims.get("events") == {EVENT: {}}, claims
    assert "nonce" not in claims, claims
    assert claims.get("sub") or claims.get("sid"), claims
    assert claims.get("sub", first.claims["sub"]) == first.claims["sub"], claims
    # The profile wants sid, as the metadata promises it.
    assert claims.get("sid") == first.claims["sid"], claims


def frame_names_the_session(received: list[Received], first: IdToken, rp: RelyingParty) -> None:
    """The frame was loaded once, with iss and the ID token's sid, and nothing else (Front-Channel 2, 3)."""
    assert len(received) == 1, f"{len(received)} requests: {received}"
    assert received[0].query == {"iss": rp.op.issuer, "sid": first.claims["sid"]}, received[0].query
