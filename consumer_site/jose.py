"""Verify tokens that an OpenID provider signed: its ID tokens, its userinfo, its logout tokens.

Nothing in a token chooses how it is verified: the algorithms are listed here, the keys come from the provider's
published key set, and headers that bring keys along are refused (RFC 8725 sections 3.1 and 3.10).
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.core.cache import cache
from django.utils.crypto import constant_time_compare

from consumer_site.conf import consumer_settings

ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_CURVES = {"ES256": {"P-256"}, "EdDSA": {"Ed25519"}}
# Of OpenID Connect Core section 3.1.3.6: the hash of the algorithm's own name; Ed25519 signs with SHA-512.
_HASHES = {"RS256": hashlib.sha256, "PS256": hashlib.sha256, "ES256": hashlib.sha256, "EdDSA": hashlib.sha512}
_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_MIN_RSA_BITS = 2048
_MAX_TOKEN_CHARACTERS = 16 * 1024
_MAX_AGE_SECONDS = 24 * 3600
_REFETCH_SECONDS = 30

Claims = dict[str, Any]


class TokenInvalid(Exception):
    """The token must not be believed; the message says why and quotes nothing of it."""


class KeyUnknown(TokenInvalid):
    """The token names a key that the set did not hold a moment ago: it may be a new one, or none at all."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """A provider's key set, kept in Django's cache and fetched again when a token names a key that is not in it.

    `fetch` returns the JSON object at an address, or raises. Fetching for unknown keys happens at most every
    30 seconds, so that made-up key ids can't make us hammer the provider.
    """

    uri: str
    fetch: Callable[[str], Mapping[str, Any]]

    def ready(self) -> None:
        """Fetch the key set unless it is in the cache: before a step that can't be repeated, not after it."""
        if cache.get(self._cache_key()) is None:
            cache.set(self._cache_key(), dict(self.fetch(self.uri)), timeout=consumer_settings.METADATA_CACHE_SECONDS)

    def candidates(self, *, kid: str | None, algorithm: str) -> Iterator[list[jwt.PyJWK]]:
        """Yield the keys that may have signed a token with this header: those in the cache, then those published now.

        The second matter where a key was replaced under the same name, or under none. Raise TokenInvalid if none fits.
        """
        key = self._cache_key()
        cached = cache.get(key)
        if cached is not None:
            found = _matching(cached, kid=kid, algorithm=algorithm)
            if found:
                yield found
            if not cache.add(key + ":asked", 1, timeout=_REFETCH_SECONDS):
                if not found:
                    raise KeyUnknown("no published key fits the token's header")
                return
        document = dict(self.fetch(self.uri))
        found = _matching(document, kid=kid, algorithm=algorithm)
        # Only a well-formed set gets here: a malformed one must not stay for an hour.
        cache.set(key, document, timeout=consumer_settings.METADATA_CACHE_SECONDS)
        yield _some(found)

    def _cache_key(self) -> str:
        return "consumer_site:jwks:" + hashlib.sha256(self.uri.encode()).hexdigest()


def _some(found: list[jwt.PyJWK]) -> list[jwt.PyJWK]:
    if not found:
        raise TokenInvalid("no published key fits the token's header")
    return found


def _matching(document: Any, *, kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise TokenInvalid("the key set is malformed")
    fitting = [key for key in keys if isinstance(key, dict) and _fits(key, kid=kid, algorithm=algorithm)]
    # Without a key id only a set with one fitting key is unambiguous (OpenID Connect Core section 10.1).
    if kid is None and len(fitting) > 1:
        raise TokenInvalid("the token names no key, and several fit")
    found = []
    for key in fitting:
        try:
            parsed = jwt.PyJWK(key, algorithm=algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if not (isinstance(parsed.key, RSAPublicKey) and parsed.key.key_size < _MIN_RSA_BITS):
            found.append(parsed)
    return found


def _fits(key: Mapping[str, Any], *, kid: str | None, algorithm: str) -> bool:
    return (
        key.get("kty") == _KEY_TYPES[algorithm]
        and (kid is None or key.get("kid") == kid)
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        # Compared, not looked up: what is no text may be of a type that no set takes.
        and ("crv" not in key or any(key["crv"] == curve for curve in _CURVES.get(algorithm, ())))
        and "d" not in key
    )


def verify_id_token(
    token: object,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    keys: KeySource,
    access_token: str = "",
    algorithms: Collection[str] = ALGORITHMS,
    now: Callable[[], float] = time.time,
) -> Claims:
    """Return the ID token's claims, or raise TokenInvalid (OpenID Connect Core section 3.1.3.7).

    `now` is Unix time in seconds. at_hash is checked against `access_token` when the token has one.
    """
    claims = verify_renewed_id_token(
        token,
        issuer=issuer,
        client_id=client_id,
        keys=keys,
        access_token=access_token,
        algorithms=algorithms,
        now=now,
    )
    sent = claims.get("nonce")
    if not isinstance(sent, str) or not constant_time_compare(sent, nonce):
        raise TokenInvalid("nonce is not the one that was sent")
    return claims


def verify_renewed_id_token(
    token: object,
    *,
    issuer: str,
    client_id: str,
    keys: KeySource,
    access_token: str = "",
    algorithms: Collection[str] = ALGORITHMS,
    now: Callable[[], float] = time.time,
) -> Claims:
    """Return the claims of an ID token that came with renewed tokens, or raise TokenInvalid (Core section 12.2).

    It answers no sign-in, so that it has no nonce to compare; whose it is, the caller has to compare.
    """
    claims, algorithm = verify_signature(token, keys=keys, algorithms=algorithms)
    check_issued(claims, issuer=issuer, client_id=client_id, now=now())
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > 255 or not subject.isascii():
        raise TokenInvalid("sub is missing or malformed")
    if not subject.isprintable():  # PostgreSQL can't store every control, and no page shows two such people apart
        raise TokenInvalid("sub holds a control character")
    if "at_hash" in claims and access_token:
        half = _HASHES[algorithm](access_token.encode()).digest()
        expected = base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode()
        if not isinstance(claims["at_hash"], str) or not constant_time_compare(claims["at_hash"], expected):
            raise TokenInvalid("at_hash does not fit the access token")
    return claims


def verify_signature(
    token: object, *, keys: KeySource, algorithms: Collection[str] = ALGORITHMS, typ: str = "jwt"
) -> tuple[Claims, str]:
    """Return the claims and the algorithm of a signed token; only its signature has been verified.

    A token that says it is of another type than `typ` is refused.
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > _MAX_TOKEN_CHARACTERS:
        raise TokenInvalid("not a compact JWS")
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenInvalid("not a compact JWS")
    header = _json_object(parts[0])
    if refused := _REFUSED_HEADERS & header.keys():
        raise TokenInvalid(f"header {min(refused)} is not accepted")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or algorithm not in algorithms:
        raise TokenInvalid("the signature algorithm is not accepted")
    if kid is not None and not isinstance(kid, str):
        raise TokenInvalid("kid is malformed")
    if is_another_type(header.get("typ"), expected=typ):
        raise TokenInvalid("the token is of another type")
    for some in keys.candidates(kid=kid, algorithm=algorithm):
        if any(_signed(token, key=key, algorithm=algorithm) for key in some):
            return _json_object(parts[1]), algorithm
    raise TokenInvalid("the signature is wrong")


def _signed(token: str, *, key: jwt.PyJWK, algorithm: str) -> bool:
    try:
        jwt.api_jws.decode_complete(token, key=key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError):
        return False
    return True


def is_another_type(declared: object, *, expected: str) -> bool:
    """Return whether an explicit type (RFC 8725 section 3.11) says that this is not what is looked for.

    The plain "JWT" and a missing type say nothing: most ID tokens have one of them.
    """
    name = declared.lower().removeprefix("application/") if isinstance(declared, str) else ""
    return name.endswith("+jwt") and name != expected


def check_issued(claims: Claims, *, issuer: str, client_id: str, now: float) -> None:
    """Raise TokenInvalid unless the token is `issuer`'s, for `client_id`, and of now."""
    if claims.get("iss") != issuer:
        raise TokenInvalid("iss is another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        raise TokenInvalid("aud is another client")
    if "azp" in claims and claims["azp"] != client_id:
        raise TokenInvalid("azp is another client")
    if len(audiences) > 1 and "azp" not in claims:
        raise TokenInvalid("aud names several clients and azp is missing")
    leeway = consumer_settings.CLOCK_LEEWAY_SECONDS
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    if expires <= now - leeway:
        raise TokenInvalid("the token has expired")
    if issued > now + leeway:
        raise TokenInvalid("the token was issued in the future")
    if issued < now - _MAX_AGE_SECONDS:
        raise TokenInvalid("the token was issued too long ago")
    if "nbf" in claims and _instant(claims, "nbf") > now + leeway:
        raise TokenInvalid("the token is not valid yet")


def _instant(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise TokenInvalid(f"{name} is missing or malformed")
    return float(value)


def _json_object(part: str) -> Claims:
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate can be neither compared nor stored
    except (ValueError, RecursionError):
        raise TokenInvalid("header or claims are not JSON") from None
    if not isinstance(value, dict):
        raise TokenInvalid("header or claims are not a JSON object")
    return value
