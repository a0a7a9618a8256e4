"""The token endpoint's answers (OpenID Core 3.1.3.3, 3.1.3.4; RFC 6749 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

from tests.conformance.client import Answer
from tests.conformance.conditions import texts

YEAR = 31_536_000


def is_json(answer: Answer) -> None:
    """The answer is JSON, by its header (OpenID Core 3.1.3.4, RFC 6749 5.1)."""
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
    assert kind == "application/json", kind


def is_not_stored(answer: Answer) -> None:
    """`Cache-Control` has no-store (RFC 6749 5.1)."""
    pieces = [piece.strip() for piece in answer.headers.get("Cache-Control", "").split(",")]
    assert "no-store" in pieces, answer.headers


def grants(answer: Answer) -> dict[str, Any]:
    """Demand a successful answer with tokens and their lifetime; return its body."""
    assert answer.status == 200, (answer.status, answer.text)
    is_json(answer)
    is_not_stored(answer)
    body = answer.body
    assert not body.get("error"), body
    assert str(body.get("token_type")).lower() == "bearer", body
    assert isinstance(body.get("access_token"), str), body
    texts.holds_characters_of_a_token(body["access_token"])
    texts.is_long_and_random(body["access_token"])
    lifetime = body.get("expires_in")
    assert type(lifetime) is int, body
    assert 0 < lifetime <= YEAR, lifetime
    if "refresh_token" in body:
        texts.holds_characters_of_a_token(body["refresh_token"])
        texts.is_long_and_random(body["refresh_token"])
    return body


def refuses(answer: Answer, error: str) -> None:
    """Demand a JSON answer of status 400 with this error (OpenID Core 3.1.3.4, RFC 6749 5.2)."""
    assert answer.status == 400, (answer.status, answer.text)
    is_json(answer)
    is_not_stored(answer)
    texts.error_is_well_formed(answer.body)
    assert answer.body["error"] == error, answer.body
