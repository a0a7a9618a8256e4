"""Verify ID tokens: what is right passes, and every confusion of algorithms and keys is refused."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.cache import cache
from jwcrypto import jwk, jws

from consumer_site.jose import KeySource, TokenInvalid, verify_id_token

ISSUER, CLIENT, NONCE, NOW = "https://id.example.com", "calendar", "n-0S6", 1_800_000_000
RSA = jwk.JWK.generate(kty="RSA", size=2048, kid="rsa", use="sig")


def claims(**changes: Any) -> dict[str, Any]:
    return {
        "iss": ISSUER, "sub": "abc", "aud": CLIENT, "exp": NOW + 300, "iat": NOW, "nonce": NONCE, **changes,
    }  # fmt: skip


def signed(header: Mapping[str, Any], body: bytes | dict[str, Any] | None = None, key: jwk.JWK = RSA) -> str:
    text = body if isinstance(body, bytes) else json.dumps(body or claims()).encode()
    token = jws.JWS(text)
    token.allowed_algs = [header["alg"]]
    token.add_signature(key, header["alg"], json.dumps(header))
    return str(token.serialize(compact=True))


def by_hand(header: Any, body: Any, signature: str = "") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, body)]
    return ".".join([*parts, signature])


class Published:
    """A key set that counts how often it is fetched."""

    def __init__(self, *keys: Any) -> None:
        self.document: dict[str, Any] = {"keys": list(keys)}
        self.fetched = 0

    def __call__(self, uri: str) -> Mapping[str, Any]:
        self.fetched += 1
        return self.document


def public(key: jwk.JWK, **changes: Any) -> dict[str, Any]:
    return {**json.loads(key.export_public()), **changes}


def verify(
    token: object, published: Callable[[str], Mapping[str, Any]] | None = None, **changes: Any
) -> dict[str, Any]:
    source = KeySource("https://id.example.com/jwks", published or Published(public(RSA)))
    options: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE, "now": lambda: NOW, **changes}
    return verify_id_token(token, keys=source, **options)


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("RS256", {"kty": "RSA", "size": 2048}),
        ("PS256", {"kty": "RSA", "size": 2048}),
        ("ES256", {"kty": "EC", "crv": "P-256"}),
        ("EdDSA", {"kty": "OKP", "crv": "Ed25519"}),
    ],
)
def test_token_of_each_accepted_algorithm_is_believed(algorithm: str, kind: dict[str, Any]) -> None:
    key = jwk.JWK.generate(kid="k", **kind)
    assert verify(signed({"alg": algorithm, "kid": "k"}, key=key), Published(public(key)))["sub"] == "abc"


def test_algorithm_that_the_provider_does_not_use_is_refused() -> None:
    token = signed({"alg": "RS256", "kid": "rsa"})
    assert verify(token, algorithms=["RS256"])
    with pytest.raises(TokenInvalid):
        verify(token, algorithms=["ES256"])


def test_unsigned_token_is_refused() -> None:
    for name in ("none", "None", "NONE", "nOnE"):
        with pytest.raises(TokenInvalid):
            verify(by_hand({"alg": name, "kid": "rsa"}, claims()))
    good = signed({"alg": "RS256", "kid": "rsa"})
    with pytest.raises(TokenInvalid):
        verify(good.rpartition(".")[0] + ".")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_public_key_as_shared_secret_is_refused(algorithm: str) -> None:
    pem = RSA.export_to_pem()
    secret = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(pem).rstrip(b"=").decode())
    with pytest.raises(TokenInvalid):
        verify(signed({"alg": algorithm, "kid": "rsa"}, key=secret))


def test_key_in_the_set_that_is_a_shared_secret_is_refused() -> None:
    secret = jwk.JWK.generate(kty="oct", size=256, kid="o")
    with pytest.raises(TokenInvalid):
        verify(signed({"alg": "HS256", "kid": "o"}, key=secret), Published(json.loads(secret.export())))


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": public(jwk.JWK.generate(kty="RSA", size=2048))},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"b64": False},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_header_that_brings_its_own_key_is_refused(extra: dict[str, Any]) -> None:
    key = RSA
    token = by_hand({"alg": "RS256", "kid": "rsa", **extra}, claims())
    signature = signed({"alg": "RS256", "kid": "rsa"}, key=key).rpartition(".")[2]
    with pytest.raises(TokenInvalid, match="not accepted"):
        verify(token + signature)


def test_token_changed_after_signing_is_refused() -> None:
    head, _body, signature = signed({"alg": "RS256", "kid": "rsa"}).split(".")
    changed = by_hand({}, claims(sub="other")).split(".")[1]
    with pytest.raises(TokenInvalid, match="signature"):
        verify(f"{head}.{changed}.{signature}")


def test_signature_of_another_algorithm_on_the_same_key_is_refused() -> None:
    body, signature = signed({"alg": "PS256", "kid": "rsa"}).split(".")[1:]
    head = by_hand({"alg": "RS256", "kid": "rsa"}, {}).split(".")[0]
    with pytest.raises(TokenInvalid, match="signature"):
        verify(f"{head}.{body}.{signature}")


@pytest.mark.parametrize(
    "changes", [{"use": "enc"}, {"alg": "PS256"}, {"kty": "EC"}, {"kid": "other"}, {"n": "AQAB"}, {"n": 5}, {"e": ""}]
)
def test_key_for_another_purpose_is_not_used(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        verify(signed({"alg": "RS256", "kid": "rsa"}), Published(public(RSA, **changes)))


def test_short_rsa_key_is_not_used() -> None:
    weak = jwk.JWK.generate(kty="RSA", size=1024, kid="weak")
    with pytest.raises(TokenInvalid):
        verify(signed({"alg": "RS256", "kid": "weak"}, key=weak), Published(public(weak)))


def test_token_without_key_id_needs_a_set_with_one_fitting_key() -> None:
    token = signed({"alg": "RS256"})
    assert verify(token)
    cache.clear()
    with pytest.raises(TokenInvalid):
        verify(token, Published(public(RSA), public(jwk.JWK.generate(kty="RSA", size=2048, kid="b"))))


@pytest.mark.parametrize(
    "token",
    [None, 5, b"a.b.c", "", "a", "a.b", "a.b.c.d", "a.b.c", "é.b.c", "e30.e30.e30", "." * 3, "x" * 20_000,
     by_hand([], {}), by_hand({"alg": ["RS256"]}, {}), by_hand({"alg": "RS256", "kid": 5}, {}), by_hand("x", "y")],
)  # fmt: skip
def test_malformed_token_is_refused(token: object) -> None:
    with pytest.raises(TokenInvalid):
        verify(token)


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff", b'{"sub": "\\ud800"}', b"[" * 9000, b""])
def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(TokenInvalid):
        verify(signed({"alg": "RS256", "kid": "rsa"}, body or b" "))


def test_clock_may_differ_by_the_leeway_and_no_more(settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "CLOCK_LEEWAY_SECONDS": 30}
    header = {"alg": "RS256", "kid": "rsa"}
    assert verify(signed(header, claims(exp=NOW - 29)))
    assert verify(signed(header, claims(iat=NOW + 30)))
    for changes in ({"exp": NOW - 30}, {"iat": NOW + 31}, {"nbf": NOW + 31}):
        with pytest.raises(TokenInvalid):
            verify(signed(header, claims(**changes)))


def test_hash_of_the_access_token_is_compared() -> None:
    import hashlib

    right = base64.urlsafe_b64encode(hashlib.sha256(b"token").digest()[:16]).rstrip(b"=").decode()
    token = signed({"alg": "RS256", "kid": "rsa"}, claims(at_hash=right))
    assert verify(token, access_token="token")
    with pytest.raises(TokenInvalid, match="at_hash"):
        verify(token, access_token="another")


def test_key_set_is_kept_and_asked_for_anew_once_for_an_unknown_key() -> None:
    published = Published(public(RSA))
    header = {"alg": "RS256", "kid": "rsa"}
    verify(signed(header), published)
    verify(signed(header), published)
    assert published.fetched == 1
    new = jwk.JWK.generate(kty="RSA", size=2048, kid="new")
    published.document["keys"].append(public(new))
    assert verify(signed({"alg": "RS256", "kid": "new"}, key=new), published)
    assert published.fetched == 2
    for _attempt in range(3):
        with pytest.raises(TokenInvalid):
            verify(signed({"alg": "RS256", "kid": "unknown"}), published)
    assert published.fetched == 2


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": None}, {"keys": []}, {"keys": ["x", None, 5]}])
def test_malformed_key_set_is_refused(document: Any) -> None:
    published = Published()
    published.document = document
    with pytest.raises(TokenInvalid):
        verify(signed({"alg": "RS256", "kid": "rsa"}), published)


def test_malformed_key_set_is_not_kept() -> None:
    published = Published()
    published.document = {"keys": None}
    token = signed({"alg": "RS256", "kid": "rsa"})
    with pytest.raises(TokenInvalid):
        verify(token, published)
    published.document = {"keys": [public(RSA)]}
    assert verify(token, published)
