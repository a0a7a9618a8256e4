"""Prove to a token endpoint that a request is this site's."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from urllib.parse import quote_plus

import jwt
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import AnswerInvalid, NotConfigured
from consumer_site.models import ClientKey
from consumer_site.openid import client_keys
from consumer_site.openid.entries import Entry
from consumer_site.openid.metadata import Metadata

BY_KEY = "private_key_jwt"
_BY_SECRET = ("client_secret_basic", "client_secret_post")
_METHODS = (*_BY_SECRET, BY_KEY, "none")
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60


def method_of(entry: Entry, metadata: Metadata) -> str:
    """Return the method to use: the configured one, else the first that both sides have.

    Raise NotConfigured for one that the provider does not support or that lacks its secret or key, AnswerInvalid when
    there is none in common.
    """
    wanted = entry.settings.get("token_endpoint_auth_method")
    if wanted not in (None, ""):
        return _checked(str(wanted), entry, metadata)
    if entry.client_secret:
        for method in _BY_SECRET:
            if method in metadata.auth_methods:
                return method
        raise AnswerInvalid("discovery: no method of client authentication in common")
    by_key = BY_KEY in metadata.auth_methods and "none" not in metadata.auth_methods
    return BY_KEY if by_key and _signing_key(entry, metadata) is not None else "none"


def _checked(method: str, entry: Entry, metadata: Metadata) -> str:
    if method not in _METHODS:
        raise NotConfigured("token_endpoint_auth_method is none that this site knows")
    # Providers seldom name "none", which is no authentication.
    if method != "none" and method not in metadata.auth_methods:
        raise NotConfigured(f"the provider does not support {method}")
    if method in _BY_SECRET and not entry.client_secret:
        raise NotConfigured(f"{method} is configured without a secret")
    if method == BY_KEY and _signing_key(entry, metadata) is None:
        raise NotConfigured(f"no client key for any of {_named(entry, metadata)}: make one with consumer_client_keys")
    return method


def _named(entry: Entry, metadata: Metadata) -> str:
    return (
        ", ".join(name for name in client_keys.ALGORITHMS if name in _algorithms(entry, metadata)) or "its algorithms"
    )


def _signing_key(entry: Entry, metadata: Metadata) -> ClientKey | None:
    return client_keys.current(algorithms=_algorithms(entry, metadata))


def _algorithms(entry: Entry, metadata: Metadata) -> tuple[str, ...]:
    """Return what the provider takes from this client: the one it is registered with, else all the provider names."""
    wanted = entry.settings.get("token_endpoint_auth_signing_alg")
    return tuple(name for name in metadata.auth_algorithms if wanted in (None, "", name))


@sensitive_variables()
def authenticate(entry: Entry, metadata: Metadata, *, form: dict[str, str], headers: dict[str, str]) -> None:
    """Add the client's authentication to the form and headers of a token request (RFC 6749 section 2.3)."""
    method = method_of(entry, metadata)
    if method == "client_secret_basic":
        # RFC 6749 section 2.3.1: each part is form-urlencoded first.
        pair = f"{quote_plus(entry.client_id)}:{quote_plus(entry.client_secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return
    form["client_id"] = entry.client_id
    if method == "client_secret_post":
        form["client_secret"] = entry.client_secret
    elif method == BY_KEY:
        form["client_assertion_type"] = _ASSERTION_TYPE
        form["client_assertion"] = assertion(entry, metadata)


@sensitive_variables()
def assertion(entry: Entry, metadata: Metadata, *, now: Callable[[], float] = time.time) -> str:
    """Return a signed statement that this is the client (RFC 7523 section 3); good for one minute and one use.

    Its audience is the issuer alone: one addressed to a token endpoint, which a hostile document may name as its own,
    could be handed on to the honest provider and redeemed there.
    """
    key = _signing_key(entry, metadata)
    if key is None:
        raise NotConfigured(f"no client key for any of {_named(entry, metadata)}")
    issued = int(now())
    claims = {
        "iss": entry.client_id,
        "sub": entry.client_id,
        "aud": metadata.issuer,
        "jti": secrets.token_urlsafe(24),
        "iat": issued,
        "exp": issued + _ASSERTION_SECONDS,
    }
    # PyJWT names no types for the keys that the algorithm chooses between.
    private = client_keys.private_key(key)
    return jwt.encode(claims, private, algorithm=key.algorithm, headers={"kid": key.kid})  # type: ignore[arg-type]
