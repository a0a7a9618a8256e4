"""Cryptography that knows nothing of models: sealing at rest, digests, key generation, JWT signing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import jwt
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import get_default_algorithms

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Each random byte is a letter or digit, four bytes for each; the eight that are left over would favour some.
_LETTERS = bytes(ord(_BASE62[byte % 62]) for byte in range(256))
_LEFT_OUT = bytes(range(248, 256))

SigningAlgorithm = Literal["RS256", "ES256", "EdDSA", "PS256"]
PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_KEY_TYPES: Mapping[str, type] = {
    "RS256": rsa.RSAPrivateKey,
    "PS256": rsa.RSAPrivateKey,
    "ES256": ec.EllipticCurvePrivateKey,
    "EdDSA": ed25519.Ed25519PrivateKey,
}
# RFC 7638 3.2, RFC 8037 2: what a thumbprint is made of besides ``kty``, by key type.
_REQUIRED_MEMBERS: Mapping[str, Sequence[str]] = {
    "RSA": ("n", "e"),
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
}
_PUBLIC_MEMBERS = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")
# Seconds that the clocks of two servers of one site may differ.
_CLOCKS = 5


class Unsealable(Exception):
    """A sealed value can't be opened with any secret of the key ring."""


class BadToken(Exception):
    """A token that is not what its verifier wants; the message is for the log."""


@lru_cache(maxsize=8)
def _ring(key_ring: Sequence[str], purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(secret, purpose))) for secret in key_ring])


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"provider_site.{purpose}".encode()).derive(secret.encode())


def seal(value: bytes, *, key_ring: Sequence[str], purpose: str) -> str:
    """Encrypt ``value`` with the first secret of the ring, for one purpose; return ASCII text."""
    return _ring(tuple(key_ring), purpose).encrypt(value).decode()


def unseal(sealed: str, *, key_ring: Sequence[str], purpose: str) -> bytes:
    """Decrypt what ``seal`` made, with any secret of the ring.

    Raises Unsealable when none fits, or the text was altered or sealed for another purpose.
    """
    try:
        return _ring(tuple(key_ring), purpose).decrypt(sealed.encode())
    except InvalidToken as error:
        raise Unsealable(f"no secret of the key ring opens this {purpose}") from error


def digest(value: str) -> str:
    """Return the SHA-256 of ``value`` as 64 hex digits.

    Enough for what it stores: those values are random with at least 128 bits, so guessing needs no stretching to fail.
    """
    return hashlib.sha256(value.encode()).hexdigest()


def keyed_digests(value: str, *, key_ring: Sequence[str], purpose: str) -> list[str]:
    """Return the HMAC-SHA256 of ``value`` under each secret of the ring, as 64 hex digits; the first is what to store.

    For values too short for ``digest``: who has the database alone can't try them all.
    """
    keys = [_derive(secret, purpose) for secret in key_ring]
    return [hmac.new(key, value.encode(), hashlib.sha256).hexdigest() for key in keys]


def matches(value: str, stored_digest: str) -> bool:
    """Compare ``value`` with a stored digest in constant time."""
    return hmac.compare_digest(digest(value), stored_digest)


def random_text(bits: int = 256) -> str:
    """Return random letters and digits holding at least ``bits`` bits."""
    length = -(-bits * 1000 // 5954)  # log2(62) is 5.954
    text = b""
    while len(text) < length:
        text += secrets.token_bytes(length + 16).translate(_LETTERS, _LEFT_OUT)
    return text[:length].decode()


def generate_private_key(alg: SigningAlgorithm = "RS256") -> bytes:
    """Return a new private key for ``alg`` as PKCS#8 PEM: RSA of 2048 bits, P-256, or Ed25519."""
    key: PrivateKey
    if alg == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    elif alg == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@lru_cache(maxsize=32)
def load_private_key(pem: bytes) -> PrivateKey:
    """Parse a PEM private key once per process: the check of an RSA key costs tens of milliseconds.

    Raises TypeError for a key that is neither RSA nor P-256 nor Ed25519.
    """
    key = serialization.load_pem_private_key(pem, password=None)
    if isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise TypeError("neither an RSA, a P-256 nor an Ed25519 private key")


def public_jwk(pem: bytes, *, alg: SigningAlgorithm = "RS256") -> dict[str, Any]:
    """Return the public half as a JWK whose ``kid`` is its thumbprint (RFC 7517 4, RFC 7638, RFC 8037 2).

    Raises TypeError for a key of another type than ``alg`` signs with.
    """
    key = load_private_key(pem)
    if not isinstance(key, _KEY_TYPES[alg]):
        raise TypeError(f"not a key for {alg}")
    whole: dict[str, Any] = dict(get_default_algorithms()[alg].to_jwk(key.public_key(), as_dict=True))
    kty = whole["kty"]
    members = {name: whole[name] for name in _REQUIRED_MEMBERS[kty]}
    return {"kty": kty, "use": "sig", "alg": alg, "kid": thumbprint({"kty": kty, **members}), **members}


def thumbprint(required: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint of a JWK's required members (RFC 7638 3)."""
    canonical = json.dumps(dict(required), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def public_members(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a stored JWK may be published, in one order: never a private member, whatever the row holds."""
    return {name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}


def sign_jwt(
    claims: Mapping[str, Any], *, pem: bytes, kid: str, alg: SigningAlgorithm = "RS256", typ: str = "JWT"
) -> str:
    """Sign ``claims`` as a compact JWS with ``kid`` and ``typ`` in its header (RFC 7515)."""
    return jwt.encode(dict(claims), load_private_key(pem), algorithm=alg, headers={"kid": kid, "typ": typ})


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a compact JWS, of which nothing is proven yet. Raises BadToken where there is none."""
    try:
        return dict(jwt.get_unverified_header(token))
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise BadToken(f"no header: {error}") from error


def verify_jwt(
    token: str,
    *,
    jwk: Mapping[str, Any],
    alg: str,
    issuer: str,
    audience: str | None = None,
    allow_expired: bool = False,
) -> dict[str, Any]:
    """Return the claims of a token by the key, the algorithm and the issuer that the caller names (RFC 8725 3.1).

    ``iss`` and ``iat`` have to be there, and ``exp`` unless ``allow_expired``; ``aud`` where ``audience`` is given.

    Raises BadToken for whatever is wrong with it.
    """
    required = ["iss", "iat"] + ([] if allow_expired else ["exp"]) + (["aud"] if audience is not None else [])
    checks = {"verify_exp": not allow_expired, "verify_aud": audience is not None, "require": required}
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _public_key(json.dumps(public_members(jwk)), alg),
            algorithms=[alg],
            issuer=issuer,
            audience=audience,
            options=checks,  # type: ignore[arg-type]  # a TypedDict that is total in some releases
            leeway=_CLOCKS,
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise BadToken(str(error)) from error
    return claims


@lru_cache(maxsize=32)
def _public_key(members: str, alg: str) -> jwt.PyJWK:
    """Parse a JWK, given as JSON, once per process."""
    return jwt.PyJWK(json.loads(members), algorithm=alg)


def half_hash(value: str, *, alg: SigningAlgorithm = "RS256") -> str:
    """Return the left half of the hash of ``value``, base64url: ``at_hash`` (OpenID Core 3.1.3.6).

    The hash is the one of the algorithm that signs the ID token. EdDSA names none in its header: Ed25519 hashes with
    SHA-512 (RFC 8032 5.1), which is what clients compare with.
    """
    hashed = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(value.encode()).digest()
    return _base64url(hashed[: len(hashed) // 2])


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
