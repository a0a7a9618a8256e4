"""What an OAuth error code means, for the developer who reads it (RFC 6749 4.1.2.1, 5.2): ASCII, no quotes."""

from __future__ import annotations

import json
import re

# What scopes look like; whatever else is sent is not repeated to anybody.
_PLAIN_SCOPE = re.compile(r"[A-Za-z0-9:._/-]{1,64}\Z")

# RFC 6749 4.1.2.1, 5.2: whoever repeats a sent value in a description doesn't keep to it.
_SAFE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+\Z")

_DESCRIPTIONS = {
    "invalid_request": "The request is malformed or lacks a parameter.",
    "invalid_client": "Client authentication failed: unknown client, wrong secret, or the wrong method.",
    "invalid_grant": "The code or refresh token is invalid, expired, used, revoked, or was issued to another client.",
    "unauthorized_client": "This client is not registered for this grant or response type.",
    "unsupported_grant_type": "This grant type is not supported.",
    "unsupported_response_type": "The only response type is code.",
    "invalid_scope": "A scope is unknown, or was not granted.",
    "invalid_target": "A resource is unknown, malformed, or was not granted.",
    "access_denied": "The person refused the request.",
    "authorization_pending": "The person has not decided yet. Ask again after the interval.",
    "slow_down": "This poll came too early. Wait five seconds longer between two polls from now on.",
    "expired_token": "The device code has expired. Begin again when the person wants to.",
    "login_required": "The person has to sign in.",
    "consent_required": "The person has to be asked.",
    "server_error": "The authorization server met an unexpected condition.",
}


def describe(error: str, description: str | None) -> str | None:
    """Return the description given, or the one of the code; nothing that holds what a description may not."""
    return description if description and _SAFE.match(description) else _DESCRIPTIONS.get(error)


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
    # Without the state that oauthlib repeats: whatever is sent under that name would be told (RFC 6749 5.2 has none).
    told = {name: answer[name] for name in ("error", "error_description", "error_uri") if name in answer}
    told["error_description"] = describe(answer["error"], answer.get("error_description")) or answer["error"]
    return json.dumps(told)
