"""The tokens that the suite issues to a relying party, the wrong ones included."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from jwt import api_jws

from tests.conformance.rp.keys import KeySet

Claims = dict[str, Any]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def id_token_claims(*, issuer: str, subject: str, client_id: str, nonce: str | None) -> Claims:
    """Return what GenerateIdTokenClaims puts in."""
    now = int(time.time())
    claims: Claims = {"iss": issuer, "sub": subject, "aud": client_id, "iat": now, "exp": now + 300}
    return claims | ({"nonce": nonce} if nonce else {})


def logout_token_claims(*, issuer: str, subject: str, client_id: str, sid: str) -> Claims:
    """Return what GenerateLogoutTokenClaims puts in."""
    now = int(time.time())
    return {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "jti": str(uuid.uuid4()),
        "sid": sid,
        "events": {LOGOUT_EVENT: {}},
        "iat": now,
        "exp": now + 120,
        "ignored_claim": "Claims that are not understood are ignored.",
    }


def at_hash(access_token: str, algorithm: str) -> str:
    """Return the hash of an access token (OpenID Core 3.1.3.6)."""
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(access_token.encode()).digest()
    return encoded(digest[: len(digest) // 2])


def signed(claims: Claims, keys: KeySet, algorithm: str) -> str:
    """Return a JWS; its header has no typ, and a kid where the key has one."""
    key = keys.signing(algorithm)
    headers: dict[str, Any] = {"typ": ""} | ({"kid": key.kid} if key.kid else {})
    return api_jws.encode(json.dumps(claims).encode(), key.private, algorithm, headers=headers)


def signed_by_secret(claims: Claims, secret: str) -> str:
    """Return a JWS by HS256 with the client's secret."""
    # By hand: the library refuses keys as short as a client's secret may be.
    head, body = encoded(b'{"alg":"HS256"}'), encoded(json.dumps(claims).encode())
    return f"{head}.{body}.{encoded(hmac.digest(secret.encode(), f'{head}.{body}'.encode(), 'sha256'))}"


def unsigned(claims: Claims) -> str:
    """Return a token with the algorithm none."""
    header = encoded(b'{"alg":"none"}')
    return f"{header}.{encoded(json.dumps(claims).encode())}."


def spoiled(token: str) -> str:
    """Return the token with another signature (AbstractInvalidateJwsSignature)."""
    head, body, signature = token.split(".")
    real = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    return f"{head}.{body}.{encoded(bytes(byte ^ 0x5A for byte in real))}"
