"""ID tokens (OpenID Core 2, 3.1.3.6, 3.1.3.7, 5.1, 12.2)."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

from tests.conformance.client import Flow, IdToken, RelyingParty
from tests.conformance.conditions import claims as standard
from tests.conformance.conditions import jwks as keys
from tests.conformance.conditions.claims import SKEW

NOT_OF_A_PERSON = {
    "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "c_hash", "at_hash", "s_hash", "jti", "nbf",
}  # fmt: skip
KNOWN = NOT_OF_A_PERSON | {"sub", "sid", "txn"}
DAY = 86_400
DIGESTS = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "EdDSA": hashlib.sha512}


def has_sound_times(claims: dict[str, Any]) -> None:
    """`exp`, `iat` and `auth_time` are seconds of our days (2, 3.1.3.7)."""
    now = time.time()
    assert isinstance(claims.get("exp"), int), claims
    assert now - SKEW <= claims["exp"] <= now + 50 * 365 * DAY, claims["exp"]
    assert isinstance(claims.get("iat"), int), claims
    assert now - SKEW <= claims["iat"] <= now + SKEW, claims["iat"]
    if (auth_time := claims.get("auth_time")) is not None:
        assert isinstance(auth_time, int), auth_time
        assert now - 365 * DAY <= auth_time <= now + SKEW, auth_time
    if (nbf := claims.get("nbf")) is not None:
        assert nbf <= now + SKEW, nbf


def is_for(claims: dict[str, Any], rp: RelyingParty) -> None:
    """`iss` is the issuer, `aud` has the client, and `azp`, where it is, names it (2, 3.1.3.7)."""
    client_id = rp.application.client_id
    assert claims.get("iss") == rp.op.issuer, claims
    audience = claims.get("aud")
    assert client_id in (audience if isinstance(audience, list) else [audience]), claims
    assert claims.get("azp", client_id) == client_id, claims


def names_a_subject(claims: dict[str, Any]) -> None:
    """`sub` has 1 to 255 printable ASCII characters (2)."""
    sub = claims.get("sub")
    assert isinstance(sub, str), claims
    assert 0 < len(sub) <= 255, sub
    assert all(0x20 <= ord(char) < 0x7F for char in sub), sub


def hash_of(value: str, alg: str) -> str:
    """Return at_hash or c_hash of a value: half of its digest under the algorithm's hash (3.1.3.6)."""
    digest = DIGESTS[alg if alg == "EdDSA" else alg[-3:]](value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def has_the_hash_of(token: IdToken, access_token: str) -> None:
    """`at_hash` is that of the access token beside it (3.1.3.6); from the token endpoint it may be left out."""
    if (at_hash := token.claims.get("at_hash")) is not None:
        assert at_hash == hash_of(access_token, token.header["alg"]), (at_hash, token.header)


def names_its_key(token: IdToken) -> None:
    """The header has a `kid` (10.1)."""
    assert token.header.get("kid"), token.header


def is_signed_by(token: IdToken, alg: str) -> None:
    """The header has this algorithm (3.1.3.7)."""
    assert token.header.get("alg") == alg, token.header


def holds_only_what_was_asked(token: IdToken, scope: str) -> None:
    """No claim about the person that was not asked for (5.4, 5.5); the suite warns of one."""
    allowed = KNOWN.union(*(standard.OF_SCOPES[name] for name in scope.split()))
    assert set(token.claims) <= allowed, sorted(set(token.claims) - allowed)


def leaves_out(token: IdToken, *names: str) -> None:
    """What is asked for at userinfo is not in the ID token (5.4, 5.5)."""
    assert not set(names) & set(token.claims), token.claims


def stands(text: str, flow: Flow, rp: RelyingParty, jwks: dict[str, Any]) -> IdToken:
    """Demand what every module demands of an ID token; return it."""
    token = IdToken(text)
    claims = token.claims
    is_for(claims, rp)
    has_sound_times(claims)
    names_a_subject(claims)
    standard.have_their_types({name: value for name, value in claims.items() if name not in NOT_OF_A_PERSON})
    assert claims.get("nonce") == flow.request.get("nonce"), (claims, flow.request)
    acr = claims.get("acr")
    assert acr is None or (isinstance(acr, str) and acr), claims
    names_its_key(token)
    keys.signed(text, jwks)
    return token


def has_acr_of(token: IdToken, acr_values: str) -> None:
    """`acr` is one of the values asked for (3.1.2.1); the suite warns of another."""
    assert token.claims.get("acr") in acr_values.split(), (token.claims, acr_values)


def has_auth_time(token: IdToken) -> None:
    """`auth_time` is there where max_age was sent (2, 3.1.2.1)."""
    assert "auth_time" in token.claims, token.claims


def proves_a_later_sign_in(first: IdToken, second: IdToken) -> None:
    """The second token's `auth_time` is later (2, 3.1.2.1)."""
    assert second.claims["auth_time"] > first.claims["auth_time"], (first.claims, second.claims)
    assert second.claims["sub"] == first.claims["sub"], (first.claims, second.claims)


def is_of_the_same_sign_in(first: IdToken, second: IdToken) -> None:
    """Both tokens have the same `auth_time` and `sub` (2)."""
    for name in ("auth_time", "sub"):
        assert first.claims.get(name) == second.claims.get(name), (name, first.claims, second.claims)


def goes_on_from(first: IdToken, second: IdToken) -> None:
    """A refreshed ID token has the first one's `iss`, `sub`, `aud`, `azp`, `auth_time`, and a new `iat` (12.2)."""
    for name in ("iss", "sub", "aud"):
        assert first.claims[name] == second.claims.get(name), (name, second.claims)
    assert first.claims.get("azp") == second.claims.get("azp"), second.claims
    if "auth_time" in second.claims:
        assert first.claims.get("auth_time") == second.claims["auth_time"], second.claims
    assert first.claims["iat"] != second.claims["iat"], second.claims
