"""The parameters of an authorization request: read, checked beyond what oauthlib checks, and kept as JSON."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.http import QueryDict
from oauthlib.common import INVALID_HEX_PATTERN

from provider_site.conf import provider_settings
from provider_site.policy import claims_request, scopes
from provider_site.policy.claims_request import ClaimsRequest

QUERY, FORM_POST = "query", "form_post"
RESPONSE_MODES = (QUERY, FORM_POST)

_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_NONCE_LENGTH = 255  # DOT's column
_STATE_LENGTH = 4096
_LIST_LENGTH = 1024
# Those that must not be repeated (RFC 6749 3.1). What else a client sends is ignored; `resource` may be (RFC 8707 2).
_RECOGNIZED = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "prompt", "max_age", "acr_values", "claims"),
        *("id_token_hint", "login_hint", "ui_locales", "response_mode", "request", "request_uri", "registration"),
    }
)


@dataclass(frozen=True, slots=True)
class AuthorizationParameters:
    """A validated authorization request, as it is kept while the person signs in and decides.

    ``scope`` holds, beside the scopes, the single claims asked for (``scopes.CLAIM_PREFIX``).
    """

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
    response_mode: str = QUERY
    acr_values: list[str] = field(default_factory=list)
    acr_essential: bool = False
    # Whom the client means, as it knows them: of an ID token hint or of the claim `sub`.
    subject: str | None = None
    id_token_claims: list[str] = field(default_factory=list)
    login_hint: str | None = None
    resource: list[str] = field(default_factory=list)
    # What the application could not work without when the person was shown the page, whatever changes meanwhile.
    required: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> AuthorizationParameters:
        """Return the request kept as ``kept``, without what is kept beside it for a device."""
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__ if name in kept})

    def query(self) -> dict[str, str]:
        """Return the request as oauthlib reads it again when the answer is made."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri if self.redirect_uri_given else None,
            "scope": " ".join(scopes.on_the_wire(self.scope)),
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


def prompts() -> tuple[str, ...]:
    """Return the values of ``prompt`` there are (OpenID Core 3.1.2.1, Initiating User Registration 4)."""
    create = ("create",) if provider_settings.signup_url is not None else ()
    return ("none", "login", "consent", "select_account", *create)


def fault(sent: dict[str, str], scope: list[str], *, repeated: list[str], redirect_uri: str) -> Fault | None:
    """Return the first thing wrong with a request whose client and redirect URI are right, or ``None``."""
    if doubled := sorted(_RECOGNIZED.intersection(repeated)):
        return Fault("invalid_request", f"The {doubled[0]} parameter is repeated.")
    for name in ("request", "request_uri", "registration"):
        if sent.get(name):
            return Fault(f"{name}_not_supported", f"The {name} parameter is not supported.")
    if sent.get("response_mode", QUERY) not in RESPONSE_MODES:
        return Fault("invalid_request", "The response_mode must be query or form_post.")
    if sent.get("response_mode") == FORM_POST and not _takes_forms(redirect_uri):
        return Fault("invalid_request", "The response_mode form_post needs an http or https redirect URI.")
    if not scope:
        return Fault("invalid_scope", "Name the scopes you ask for.")
    return _pkce_fault(sent) or _prompt_fault(sent) or _size_fault(sent)


def response_mode(sent: dict[str, str], *, redirect_uri: str) -> str:
    """Return how to answer the client, also a request with a fault (OAuth Form Post Response Mode 2).

    One with a request object is refused by the mode that stands in it: there its client waits (OpenID Core 6.1).
    """
    mode = sent.get("response_mode") or _mode_in(sent.get("request", ""))
    return FORM_POST if mode == FORM_POST and _takes_forms(redirect_uri) else QUERY


def _mode_in(request_object: str) -> Any:
    """Return the response mode of a request object, unverified: nothing but the way of an error hangs on it."""
    try:
        return jwt.decode(request_object, options={"verify_signature": False}).get("response_mode")
    except (jwt.InvalidTokenError, ValueError, RecursionError):  # whatever stands in it
        return None


def _takes_forms(redirect_uri: str) -> bool:
    return urlsplit(redirect_uri).scheme in {"http", "https"}


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
    if prompt.difference(prompts()):
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
    for name in ("acr_values", "login_hint"):
        if len(sent.get(name, "")) > _LIST_LENGTH:
            return Fault("invalid_request", f"The {name} has more than {_LIST_LENGTH} characters.")
    if "\x00" in "".join(sent.values()):
        return Fault("invalid_request", "A parameter holds a NUL character.")
    return None


def read(
    sent: dict[str, str],
    *,
    redirect_uri: str,
    scope: list[str],
    claims: ClaimsRequest,
    obtainable: frozenset[str],
    subject: str | None,
    resource: list[str],
) -> AuthorizationParameters:
    """Return a faultless request as parameters. Unknown ones are left behind (OpenID Core 3.1.2.1).

    ``claims`` is what the parameter of that name holds, of which the ``obtainable`` claims are asked for: the names of
    consent that the application is registered for. ``subject`` is that of the ID token hint.
    """
    max_age = sent.get("max_age")
    return AuthorizationParameters(
        client_id=sent["client_id"],
        redirect_uri=redirect_uri,
        redirect_uri_given=bool(sent.get("redirect_uri")),
        scope=_with_claims(list(dict.fromkeys(scope)), claims, obtainable),
        state=sent.get("state"),
        nonce=sent.get("nonce") or None,
        code_challenge=sent.get("code_challenge"),
        code_challenge_method=sent.get("code_challenge_method") if sent.get("code_challenge") else None,
        prompt=list(dict.fromkeys(sent.get("prompt", "").split())),
        max_age=int(max_age) if max_age is not None else None,
        response_mode=response_mode(sent, redirect_uri=redirect_uri),
        # The essential ones of the claim stand before the wishes.
        acr_values=list(dict.fromkeys([*claims.acr_values, *([] if claims.acr_essential else _acr_values(sent))])),
        acr_essential=claims.acr_essential,
        subject=subject or claims.subject,
        id_token_claims=list(claims.id_token) if "openid" in scope else [],
        login_hint=sent.get("login_hint"),
        resource=resource,
    )


def _acr_values(sent: dict[str, str]) -> list[str]:
    return sent.get("acr_values", "").split()


def _with_claims(scope: list[str], claims: ClaimsRequest, obtainable: frozenset[str]) -> list[str]:
    """Add to the scopes each claim asked for that none of them opens, where the application may have it."""
    if "openid" not in scope:
        return scope
    opened = scopes.with_claims(scope)
    asked = dict.fromkeys(scopes.CLAIM_PREFIX + name for name in (*claims.userinfo, *claims.id_token))
    return [*scope, *(name for name in asked if name in obtainable and name not in opened)]


def claims_of(sent: dict[str, str], scope: list[str]) -> ClaimsRequest:
    """Return what the parameter ``claims`` asks for; it is OpenID Connect's, and nothing to a request without it.

    Raises claims_request.Malformed.
    """
    text = sent.get("claims")
    return claims_request.parse(text) if text and "openid" in scope else ClaimsRequest()
