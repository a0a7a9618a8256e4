"""Cryptography that knows nothing of models: sealing at rest, digests, key generation, JWT signing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import jwt
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import RSAAlgorithm

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

SigningAlgorithm = Literal["RS256"]


class Unsealable(Exception):
    """A sealed value can't be opened with any secret of the key ring."""


@lru_cache(maxsize=8)
def _ring(key_ring: Sequence[str], purpose: str) -> MultiFernet:
    def derive(secret: str) -> Fernet:
        key = HKDF(hashes.SHA256(), 32, salt=None, info=f"provider_site.{purpose}".encode()).derive(secret.encode())
        return Fernet(base64.urlsafe_b64encode(key))

    return MultiFernet([derive(secret) for secret in key_ring])


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


def matches(value: str, stored_digest: str) -> bool:
    """Compare ``value`` with a stored digest in constant time."""
    return hmac.compare_digest(digest(value), stored_digest)


def random_text(bits: int = 256) -> str:
    """Return random letters and digits holding at least ``bits`` bits."""
    length = -(-bits * 1000 // 5954)  # log2(62) is 5.954
    return "".join(secrets.choice(_BASE62) for _index in range(length))


def generate_private_key() -> bytes:
    """Return a new 2048-bit RSA private key as PKCS#8 PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@lru_cache(maxsize=32)
def load_private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Parse a PEM private key once per process: the check of an RSA key costs tens of milliseconds."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA private key")
    return key


def public_jwk(pem: bytes, *, alg: SigningAlgorithm = "RS256") -> dict[str, Any]:
    """Return the public half as a JWK whose ``kid`` is its thumbprint (RFC 7517, RFC 7638)."""
    numbers = RSAAlgorithm.to_jwk(load_private_key(pem).public_key(), as_dict=True)
    required = f'{{"e":"{numbers["e"]}","kty":"RSA","n":"{numbers["n"]}"}}'
    kid = base64.urlsafe_b64encode(hashlib.sha256(required.encode()).digest()).rstrip(b"=").decode()
    return {"kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": numbers["n"], "e": numbers["e"]}


def sign_jwt(
    claims: Mapping[str, Any], *, pem: bytes, kid: str, alg: SigningAlgorithm = "RS256", typ: str = "JWT"
) -> str:
    """Sign ``claims`` as a compact JWS with ``kid`` and ``typ`` in its header (RFC 7515)."""
    return jwt.encode(dict(claims), load_private_key(pem), algorithm=alg, headers={"kid": kid, "typ": typ})


def half_hash(value: str) -> str:
    """Return the left half of the SHA-256 of ``value``, base64url: ``at_hash`` for RS256 (OpenID Core 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
