"""Tokens that an OpenID provider signed, as the consumer reads them: ID tokens, logout tokens, userinfo, key sets."""

import base64
import json
import math
from typing import Any

from django.core.cache import cache

from consumer_site.connectors.house.claims import kept_claims, uid_of
from consumer_site.jose import KeySource, TokenInvalid, verify_id_token, verify_signature
from consumer_site.logout.tokens import EVENT, verify_logout_token
from consumer_site.openid.entries import Entry
from consumer_site.openid.issuer import Issuer
from tests.fuzz import token_maker
from tests.fuzz.target import Target, pure, refused

_ISSUER, _CLIENT, _NONCE, _NOW = "https://id.example.com", "calendar", "n-0S6", 1_800_000_000
_CLAIMS = {"iss": _ISSUER, "sub": "abc", "aud": _CLIENT, "exp": _NOW + 300, "iat": _NOW, "nonce": _NONCE}
_LOGOUT = {
    "iss": _ISSUER,
    "sub": "abc",
    "aud": [_CLIENT],
    "exp": _NOW + 300,
    "iat": _NOW,
    "jti": "j",
    "events": {EVENT: {}},
}
_ENTRY = Entry(provider_id="house", name="House", server_url=_ISSUER, client_id=_CLIENT, client_secret="s")
_DISCOVERY = {
    "issuer": _ISSUER,
    "authorization_endpoint": f"{_ISSUER}/authorize",
    "token_endpoint": f"{_ISSUER}/token",
    "jwks_uri": f"{_ISSUER}/jwks",
    "id_token_signing_alg_values_supported": list(token_maker.ALGORITHMS),
}


def _key_set(_uri: str) -> dict[str, Any]:
    return {"keys": [token_maker.public_jwk(alg) for alg in token_maker.ALGORITHMS]}


def _keys() -> KeySource:
    cache.clear()
    return KeySource(f"{_ISSUER}/jwks", _key_set)


def _check_issued(claims: dict[str, Any], token: str, alg: str, *, own: bool) -> None:
    assert own, f"a token that its issuer did not sign is believed: {token}"
    # Read again by hand: what counts is what the token says.
    header, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert header["alg"] == alg
    assert not {"jwk", "jku", "x5u", "x5c", "crit", "b64"} & header.keys()
    assert claims == body
    assert claims["iss"] == _ISSUER
    audience = claims["aud"]
    assert _CLIENT in ([audience] if isinstance(audience, str) else audience)
    assert claims.get("azp", _CLIENT) == _CLIENT
    assert all(math.isfinite(claims[name]) for name in ("exp", "iat"))
    assert claims["exp"] > _NOW - 600
    assert claims["iat"] < _NOW + 600


def id_token(data: bytes) -> None:
    """Verify an ID token, take what may be kept of it, and read it once more as a userinfo answer."""
    token, alg, own = token_maker.made(data)
    claims = refused(
        lambda: verify_id_token(token, issuer=_ISSUER, client_id=_CLIENT, nonce=_NONCE, keys=_keys(), now=lambda: _NOW),
        TokenInvalid,
    )
    if claims is not None:
        _check_issued(claims, token, alg, own=own)
        assert claims["nonce"] == _NONCE
        subject = claims["sub"]
        assert 0 < len(subject) <= 255
        assert subject.isascii()
        assert subject.isprintable()
        uid = uid_of(subject)
        assert uid == subject or (uid.startswith("sha256-") and len(uid) <= 191), "one account for two subjects"
        kept = kept_claims(claims, granted=["nickname", "avatar", "profile", "email"])
        json.dumps(kept, ensure_ascii=False).encode()
        assert all(value is True or (isinstance(value, str) and value.isprintable()) for value in kept.values()), kept
    signed = refused(lambda: verify_signature(token, keys=_keys()), TokenInvalid)
    assert signed is None or own


def logout_token(data: bytes) -> None:
    """Verify a logout token."""
    token, alg, own = token_maker.made(data)
    cache.clear()
    issuer = Issuer(_ISSUER)
    cache.set(issuer._cache_key(), _DISCOVERY, None)
    cache.set(issuer.keys()._cache_key(), _key_set(""), None)
    # Else a key that is not known would be asked for.
    cache.set(issuer.keys()._cache_key() + ":asked", 1, None)
    found = refused(lambda: verify_logout_token(token, entry=_ENTRY, now=lambda: _NOW), TokenInvalid)
    if found is None:
        return
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    _check_issued(claims, token, alg, own=own)
    assert "nonce" not in claims, "an ID token is taken for a logout token"
    assert isinstance(claims["events"][EVENT], dict)
    assert found.token_id == claims["jti"]
    assert found.subject == claims.get("sub", "")
    assert found.sid == claims.get("sid", "")
    assert found.subject or found.sid


def key_set(data: bytes) -> None:
    """Verify a right token by whatever is published as the keys: by the right key, or not at all."""
    document = refused(lambda: json.loads(data), ValueError, RecursionError)
    if not isinstance(document, dict):
        return
    for number, alg in enumerate(token_maker.ALGORITHMS[:2]):
        token, _alg, _own = token_maker.made(
            f"0{number}{token_maker.header(alg, kid='k')}\n{json.dumps(_CLAIMS)}".encode()
        )
        cache.clear()
        source = KeySource(f"{_ISSUER}/jwks", lambda _uri: document)
        if refused(lambda token=token, source=source: verify_signature(token, keys=source), TokenInvalid) is not None:
            right = token_maker.public_jwk(alg)
            assert any(_is(key, right) for key in document["keys"]), "another key has verified it"


def _is(key: Any, right: dict[str, Any]) -> bool:
    def number(text: Any) -> bytes:
        return base64.urlsafe_b64decode(str(text) + "==")

    return isinstance(key, dict) and all(number(key.get(name, "")) == number(right[name]) for name in ("x",))


def _published(**changes: Any) -> bytes:
    return json.dumps(
        {"keys": [{**token_maker.public_jwk(alg), "kid": "k", **changes} for alg in ("EdDSA", "ES256")]}
    ).encode()


TARGETS = [
    Target(
        "id_token",
        pure(id_token),
        "ID tokens and signed userinfo (consumer_site.jose)",
        "what is believed its issuer has signed, by an algorithm and key that nothing in the token chose; issuer, "
        "audience, nonce and times read again by hand; one account for one subject",
        (
            *token_maker.seeds(_CLAIMS),
            *token_maker.seeds(
                _CLAIMS
                | {
                    "sub": "sha256-" + "a" * 64,
                    "picture": "http://x",
                    "email": "a@b",
                    "email_verified": 1,
                    "azp": _CLIENT,
                }
            )[:1],
        ),
    ),
    Target(
        "logout_token",
        pure(logout_token),
        "logout tokens (Back-Channel Logout)",
        "the same; never an ID token; somebody or some session is named",
        (*token_maker.seeds(_LOGOUT, typ="logout+jwt"), *token_maker.seeds(_LOGOUT | {"nonce": "n"})[:1]),
    ),
    Target(
        "key_set",
        pure(key_set),
        "key sets of OpenID providers (JWKS)",
        "verifies by the key that has signed, or not at all",
        (
            b'{"keys":[]}',
            b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","kid":"k"},{"kty":"OKP","crv":"X25519","x":1,"kid":"k"}]}',
            b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"k","crv":[]}]}',
            b'{"keys":[{"kty":"EC","crv":{},"kid":"k"},{"kty":[],"kid":"k"},null,5]}',
            b'{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"k"},{"kty":"oct","k":"AA","kid":"k"}]}',
        ),
    ),
]
