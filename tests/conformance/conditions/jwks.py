"""The published keys (OpenID Core 10.1, RFC 7517)."""

from __future__ import annotations

import re
from typing import Any

import jwt

from tests.conformance.op import Op

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
REQUIRED = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}}
# Those the suite's library can use.
CURVES = {"EC": {"P-256", "P-384", "P-521", "secp256k1"}, "OKP": {"Ed25519", "X25519"}, "RSA": {None}}
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def are_public_and_well_formed(jwks: dict[str, Any]) -> None:
    """Each key is public, complete, of a type, curve and algorithm in common use, and parses (RFC 7517 4, 5)."""
    keys = jwks.get("keys")
    assert isinstance(keys, list), f"no keys array: {jwks}"
    assert keys, "no key at all"
    for key in keys:
        assert not PRIVATE & set(key), f"private members: {sorted(PRIVATE & set(key))}"
        assert key.get("kty") in REQUIRED, key
        for member in REQUIRED[key["kty"]]:
            assert BASE64URL.fullmatch(key.get(member, "")) or member == "crv", f"{member} of {key}"
        assert key.get("crv") in CURVES[key["kty"]], key
        assert key.get("alg") in ALGORITHMS, key
        jwt.PyJWK.from_dict(key)


def have_distinct_ids(jwks: dict[str, Any]) -> None:
    """Each key has a `kid` of its own (OpenID Core 10.1, RFC 7517 4.5)."""
    ids = [key.get("kid") for key in jwks["keys"]]
    assert all(ids), ids
    assert len(set(ids)) == len(ids), ids


def are_sound(op: Op) -> dict[str, Any]:
    """Demand everything of the keys that each module begins with; return them."""
    jwks = op.jwks()
    are_public_and_well_formed(jwks)
    have_distinct_ids(jwks)
    return jwks


def key_of(header: dict[str, Any], jwks: dict[str, Any]) -> dict[str, Any]:
    """Return the one key that a token's header names: by kid, and of its algorithm and use (RFC 7515 4.1.4)."""
    families = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
    kty = families.get(str(header.get("alg"))[:2])
    keys = [key for key in jwks["keys"] if key["kid"] == header.get("kid") and key["kty"] == kty]
    keys = [key for key in keys if key.get("alg", header["alg"]) == header["alg"] and key.get("use", "sig") == "sig"]
    assert len(keys) == 1, f"{len(keys)} keys for {header} in {jwks}"
    return keys[0]


def signed(text: str, jwks: dict[str, Any]) -> None:
    """The token is signed by the published key that its header names (OpenID Core 3.1.3.7)."""
    header = jwt.get_unverified_header(text)
    key = jwt.PyJWK.from_dict(key_of(header, jwks))
    options = {"verify_exp": False, "verify_iat": False, "verify_aud": False, "verify_nbf": False}
    jwt.decode(text, key, algorithms=[header["alg"]], options=options)


def _material(key: dict[str, Any]) -> str:
    return str(key["n"] if key["kty"] == "RSA" else key["x"])


def were_rotated(before: dict[str, Any], after: dict[str, Any]) -> None:
    """There is a new key, with a new `kid` and new material, and an old one is there still (OpenID Core 10.1.1)."""
    old, new = ([key for key in jwks["keys"] if key.get("use", "sig") == "sig"] for jwks in (before, after))
    old_ids, old_material = {key["kid"] for key in old}, {_material(key) for key in old}
    added = [key for key in new if key not in old]
    assert added, "no new signing key"
    for key in added:
        # The suite reads these two types alone, and stops at another.
        assert key["kty"] in {"RSA", "EC"}, f"a new key of type {key['kty']}"
        assert key["kid"] not in old_ids, key
        assert _material(key) not in old_material, key
    assert [key for key in old if key in new], "none of the old keys is published still"
