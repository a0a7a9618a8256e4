"""The parameters of an authorization request: read, checked beyond what oauthlib checks, and kept as JSON."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from django.http import QueryDict
from oauthlib.common import INVALID_HEX_PATTERN

_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_NONCE_LENGTH = 255  # DOT's column
_STATE_LENGTH = 4096
# Those that must not be repeated (RFC 6749 3.1). What else a client sends is ignored.
_RECOGNIZED = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "prompt", "max_age"),
        *("response_mode", "request", "request_uri", "registration"),
    }
)


@dataclass(frozen=True, slots=True)
class AuthorizationParameters:
    """A validated authorization request, as it is kept while the person signs in and decides."""

    client_id: str
    redirect_uri: str
    redirect_uri_given: bool
    scope: list[str]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    prompt: list[str] = field(default_factory=list)
    max_age: int | None = None
    # What the application could not work without when the person was shown the page, whatever changes meanwhile.
    required: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> AuthorizationParameters:
        """Return the request kept as ``kept``."""
        return cls(**kept)

    def query(self) -> dict[str, str]:
        """Return the request as oauthlib reads it again when the answer is made."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri if self.redirect_uri_given else None,
            "scope": " ".join(self.scope),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.code_challenge,
            "code_challenge_method": self.code_challenge_method,
        }
        return {name: value for name, value in parameters.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Fault:
    """An error for the client, by redirect (RFC 6749 4.1.2.1, OpenID Core 3.1.2.6)."""

    error: str
    description: str


def collect(query: QueryDict, body: QueryDict) -> tuple[dict[str, str], list[str]]:
    """Return the parameters that have a value (RFC 6749 3.1), those of the body first, and the names sent twice.

    An empty ``code_challenge`` stays, to be refused: oauthlib takes it for a challenge.
    """
    values = {name: [*query.getlist(name), *body.getlist(name)] for name in [*query, *body]}
    repeated = sorted(name for name, sent in values.items() if len(sent) > 1)
    last = {name: str(sent[-1]) for name, sent in values.items()}
    return {name: value for name, value in last.items() if value or name == "code_challenge"}, repeated


def unreadable(query_string: str, sent: dict[str, str]) -> str | None:
    """Return why a request can't even be answered by a redirect, for the log, or ``None``."""
    if INVALID_HEX_PATTERN.search(query_string):
        return "a percent sign without two hex digits"
    if len(sent.get("state", "")) > _STATE_LENGTH:  # kept for strangers while somebody decides, and sent back
        return f"a state of more than {_STATE_LENGTH} characters"
    return None


def fault(sent: dict[str, str], scope: list[str], *, repeated: list[str]) -> Fault | None:
    """Return the first thing wrong with a request whose client and redirect URI are right, or ``None``."""
    if doubled := sorted(_RECOGNIZED.intersection(repeated)):
        return Fault("invalid_request", f"The {doubled[0]} parameter is repeated.")
    for name in ("request", "request_uri", "registration"):
        if sent.get(name):
            return Fault(f"{name}_not_supported", f"The {name} parameter is not supported.")
    if sent.get("response_mode", "query") != "query":
        return Fault("invalid_request", "The response_mode must be query.")
    if not scope:
        return Fault("invalid_scope", "Name the scopes you ask for.")
    return _pkce_fault(sent) or _prompt_fault(sent) or _size_fault(sent)


def _pkce_fault(sent: dict[str, str]) -> Fault | None:
    challenge = sent.get("code_challenge")
    if challenge is None:
        return None  # whether one is needed is oauthlib's question
    if sent.get("code_challenge_method") != "S256":
        return Fault("invalid_request", "The code_challenge_method must be S256.")
    if not _CODE_CHALLENGE.match(challenge):
        return Fault("invalid_request", "The code_challenge must be the base64url SHA-256 of the verifier.")
    return None


def _prompt_fault(sent: dict[str, str]) -> Fault | None:
    prompt = set(sent.get("prompt", "").split())
    if prompt - _PROMPTS:
        return Fault("invalid_request", "The prompt parameter has an unknown value.")
    if "none" in prompt and len(prompt) > 1:
        return Fault("invalid_request", "The prompt value none stands alone.")
    max_age = sent.get("max_age")
    if max_age is not None and not (max_age.isascii() and max_age.isdigit() and len(max_age) <= 9):
        return Fault("invalid_request", "The max_age must be a number of seconds.")
    return None


def _size_fault(sent: dict[str, str]) -> Fault | None:
    if len(sent.get("nonce", "")) > _NONCE_LENGTH:
        return Fault("invalid_request", f"The nonce has more than {_NONCE_LENGTH} characters.")
    if "\x00" in "".join(sent.values()):
        return Fault("invalid_request", "A parameter holds a NUL character.")
    return None


def read(sent: dict[str, str], *, redirect_uri: str, scope: list[str]) -> AuthorizationParameters:
    """Return a faultless request as parameters. Unknown ones are left behind (OpenID Core 3.1.2.1)."""
    max_age = sent.get("max_age")
    return AuthorizationParameters(
        client_id=sent["client_id"],
        redirect_uri=redirect_uri,
        redirect_uri_given=bool(sent.get("redirect_uri")),
        scope=list(dict.fromkeys(scope)),
        state=sent.get("state"),
        nonce=sent.get("nonce") or None,
        code_challenge=sent.get("code_challenge"),
        code_challenge_method=sent.get("code_challenge_method") if sent.get("code_challenge") else None,
        prompt=list(dict.fromkeys(sent.get("prompt", "").split())),
        max_age=int(max_age) if max_age is not None else None,
    )
