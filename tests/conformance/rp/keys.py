"""The key sets that the suite publishes (OIDCCGenerateServerJWKs); the key pairs are made once for all tests."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_FAMILIES = {"RS256": "RSA", "PS256": "RSA", "ES256": "P-256", "EdDSA": "Ed25519"}


@dataclass(frozen=True)
class Key:
    """A published key: its family, what it is for, and its private half."""

    family: str
    kid: str | None
    private: Any
    use: str = "sig"
    alg: str | None = None

    def public_jwk(self) -> dict[str, Any]:
        """Return what is published of it (RFC 7517)."""
        by_family: dict[str, Any] = {"RSA": RSAAlgorithm, "Ed25519": OKPAlgorithm}
        jwk: dict[str, Any] = json.loads(by_family.get(self.family, ECAlgorithm).to_jwk(self.private.public_key()))
        jwk.pop("key_ops", None)
        given = {"kid": self.kid, "use": self.use, "alg": self.alg}
        return jwk | {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class KeySet:
    """What stands at jwks_uri."""

    keys: tuple[Key, ...]

    def public(self) -> dict[str, Any]:
        """Return the JWK set."""
        return {"keys": [key.public_jwk() for key in self.keys]}

    def signing(self, algorithm: str) -> Key:
        """Return the key that signs by this algorithm: the last of its family, as a first one is found by luck."""
        return [key for key in self.keys if key.family == _FAMILIES[algorithm] and key.use == "sig"][-1]


@cache
def private_key(family: str, number: int) -> Any:
    """Return the pair of this number, always the same one: RSA keys take long to make."""
    if family == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if family == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256K1() if family == "secp256k1" else ec.SECP256R1())


def suite_keys(*, rsa: int = 2, ec: int = 2, first: int = 0, with_ids: bool = True) -> KeySet:
    """Return a new set like the suite's: so many keys of each family without alg, and two to encrypt to.

    Sets with different `first` share no RSA key, if `first` differs by `rsa` or more.
    """
    made = [
        Key(family, str(uuid.uuid4()) if with_ids else None, private_key(family, first + number))
        for family, count in (("RSA", rsa), ("P-256", ec), ("secp256k1", 1), ("Ed25519", 1))
        for number in range(count)
    ]
    made.append(Key("RSA", str(uuid.uuid4()), private_key("RSA", 0), use="enc", alg="RSA-OAEP"))
    made.append(Key("P-256", str(uuid.uuid4()), private_key("P-256", 0), use="enc", alg="ECDH-ES"))
    return KeySet(tuple(made))
