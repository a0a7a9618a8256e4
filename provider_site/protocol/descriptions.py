"""What an OAuth error code means, for the developer who reads it (RFC 6749 4.1.2.1, 5.2): ASCII, no quotes."""

from __future__ import annotations

import json
import re

# What scopes look like; whatever else is sent is not repeated to anybody.
_PLAIN_SCOPE = re.compile(r"[A-Za-z0-9:._/-]{1,64}\Z")

_DESCRIPTIONS = {
    "invalid_request": "The request is malformed or lacks a parameter.",
    "invalid_client": "Client authentication failed: unknown client, wrong secret, or the wrong method.",
    "invalid_grant": "The code or refresh token is invalid, expired, used, revoked, or was issued to another client.",
    "unauthorized_client": "This client is not registered for this grant or response type.",
    "unsupported_grant_type": "This grant type is not supported.",
    "unsupported_response_type": "The only response type is code.",
    "invalid_scope": "A scope is unknown, or was not granted.",
    "access_denied": "The person refused the request.",
    "login_required": "The person has to sign in.",
    "consent_required": "The person has to be asked.",
    "server_error": "The authorization server met an unexpected condition.",
}


def describe(error: str, description: str | None) -> str | None:
    """Return the description given, or the one of the code."""
    return description or _DESCRIPTIONS.get(error)


def unregistered_scopes(asked: str, registered: list[str]) -> str | None:
    """Return a description that names the scopes asked for without being registered; ``None`` without any."""
    missing = [scope for scope in asked.split() if scope not in registered and _PLAIN_SCOPE.match(scope)]
    return f"This client is not registered for these scopes: {' '.join(missing)[:200]}" if missing else None


def completed(body: str) -> str:
    """Return an error's JSON with a description, whatever oauthlib left out."""
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if not isinstance(answer, dict) or "error" not in answer:
        return body
    answer["error_description"] = describe(answer["error"], answer.get("error_description")) or answer["error"]
    return json.dumps(answer)
