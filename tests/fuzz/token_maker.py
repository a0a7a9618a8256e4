"""Signed tokens made of whatever a fuzzer has thought of: header, claims, key and way of signing."""

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provider_site import crypto
from tests.fuzz.target import lines

ALGORITHMS = ("EdDSA", "ES256", "RS256", "PS256")
FOREIGN = "foreign"


@lru_cache(maxsize=8)
def pem(alg: str, owner: str = "issuer") -> bytes:
    """Return the private key of an owner for an algorithm, made once in a process."""
    del owner  # of the cache's key
    return crypto.generate_private_key(alg)  # type: ignore[arg-type]  # one of ALGORITHMS


def public_jwk(alg: str) -> dict[str, Any]:
    """Return the issuer's published key for an algorithm."""
    return crypto.public_jwk(pem(alg), alg=alg)  # type: ignore[arg-type]  # one of ALGORITHMS


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def made(data: bytes) -> tuple[str, str, bool]:
    """Return a token, the algorithm it was signed by, and whether the issuer's own key has signed it.

    The input's first byte chooses the way of signing, its lines are header, claims and the token as it is, which counts
    where the first two are empty. ``$kid`` in a header is the right key's name.
    """
    way, alg = data[:1] or b"0", ALGORITHMS[(data[1:2] or b"0")[0] % len(ALGORITHMS)]
    header, claims, raw = lines(data[2:], 3)
    if not header and not claims:
        return raw, "", False
    header = header.replace("$kid", public_jwk(alg)["kid"])
    signed = f"{_part(header.encode())}.{_part(claims.encode())}"
    if way == b"n":
        return f"{signed}.{raw}", "none", False
    if way == b"h":  # HMAC with the public key, in both forms that libraries have taken for a secret
        public = crypto.load_private_key(pem(alg)).public_key()
        secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return f"{signed}.{_part(hmac.digest(secret, signed.encode(), hashlib.sha256))}", "HS256", False
    owner = FOREIGN if way == b"f" else "issuer"
    return f"{signed}.{_part(_signature(signed, alg, owner))}", alg, owner != FOREIGN


def _signature(signed: str, alg: str, owner: str) -> bytes:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()[alg].sign(signed.encode(), crypto.load_private_key(pem(alg, owner)))


def header(alg: str, **more: Any) -> str:
    """Return a right header."""
    return json.dumps({"alg": alg, "kid": "$kid", "typ": "JWT"} | more)


def seeds(claims: dict[str, Any], *, typ: str = "JWT") -> tuple[bytes, ...]:
    """Return inputs: right by each key, and wrong in the ways that have been attacks."""
    body = json.dumps(claims)
    right = [f"0{number}{header(alg, typ=typ)}\n{body}" for number, alg in enumerate(ALGORITHMS)]
    wrong = [
        f"n0{header('none', typ=typ)}\n{body}\n",
        f"h2{header('HS256', typ=typ)}\n{body}",
        f"h2{header('RS256', typ=typ)}\n{body}",
        f"f0{header('EdDSA', typ=typ)}\n{body}",
        f"f0{header('EdDSA', typ=typ, jwk={'kty': 'OKP', 'crv': 'Ed25519', 'x': 'AA'})}\n{body}",
        f"00{header('EdDSA', typ=typ, crit=['b64'], b64=False)}\n{body}",
        f"01{header('ES256', typ='at+jwt', kid=None)}\n{body}",
        f"00{header('EdDSA', typ=typ)}\n[]",
        f"00{header('EdDSA', typ=typ)}\n{json.dumps(claims | {'aud': [1, None], 'exp': 1e308, 'iat': True})}",
        "00\n\nW10.W10.AA",
        "00\n\na.b.c.d.e",
        "00\n\n" + "." * 40,
        "00[1]\n{}\n",
    ]
    return tuple(text.encode() for text in (*right, *wrong))
