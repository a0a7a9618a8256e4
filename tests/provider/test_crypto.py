"""crypto.py."""

import base64
import hashlib

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_site import crypto

OLD, NEW = "o" * 40, "n" * 40


@given(value=st.binary(max_size=200))
@settings(max_examples=30)
def test_sealed_value_opens_again(value: bytes) -> None:
    sealed = crypto.seal(value, key_ring=[NEW], purpose="p")
    assert crypto.unseal(sealed, key_ring=[NEW], purpose="p") == value


def test_every_secret_of_the_ring_opens_and_the_first_seals() -> None:
    sealed = crypto.seal(b"x", key_ring=[OLD], purpose="p")
    assert crypto.unseal(sealed, key_ring=[NEW, OLD], purpose="p") == b"x"
    with pytest.raises(crypto.Unsealable):
        crypto.unseal(crypto.seal(b"x", key_ring=[NEW, OLD], purpose="p"), key_ring=[OLD], purpose="p")


@pytest.mark.parametrize(
    ("ring", "purpose", "alter"), [([NEW], "other", False), ([OLD], "p", False), ([NEW], "p", True)]
)
def test_other_purpose_other_ring_or_altered_text_does_not_open(ring: list[str], purpose: str, alter: bool) -> None:
    sealed = crypto.seal(b"x", key_ring=[NEW], purpose="p")
    if alter:
        sealed = sealed[:-2] + ("A" if sealed[-2] != "A" else "B") + sealed[-1]
    with pytest.raises(crypto.Unsealable) as raised:
        crypto.unseal(sealed, key_ring=ring, purpose=purpose)
    assert sealed not in str(raised.value)


@given(value=st.text(), other=st.text())
def test_digest_matches_its_value_alone(value: str, other: str) -> None:
    assert crypto.digest(value) == hashlib.sha256(value.encode()).hexdigest()
    assert crypto.matches(other, crypto.digest(value)) == (other == value)


@pytest.mark.parametrize(("bits", "length"), [(256, 43), (128, 22)])
def test_random_text_holds_its_bits(bits: int, length: int) -> None:
    text = crypto.random_text(bits)
    assert text.isalnum()
    assert text.isascii()
    assert len(text) == length
    assert 62**length >= 2**bits


def test_challenge_and_half_hash_are_those_of_the_standards() -> None:
    # RFC 7636 appendix B; OpenID Core appendix A.4 (its at_hash).
    assert crypto.code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
    assert crypto.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_key_signs_what_its_public_half_verifies_and_is_named_by_its_thumbprint() -> None:
    pem = crypto.generate_private_key()
    jwk = crypto.public_jwk(pem)
    token = crypto.sign_jwt({"sub": "s"}, pem=pem, kid=jwk["kid"], typ="logout+jwt")
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": jwk["kid"], "typ": "logout+jwt"}
    assert jwt.decode(token, jwt.PyJWK(jwk), algorithms=["RS256"]) == {"sub": "s"}
    modulus = int.from_bytes(base64.urlsafe_b64decode(jwk["n"] + "=="), "big")
    assert modulus.bit_length() == 2048
    required = f'{{"e":"{jwk["e"]}","kty":"RSA","n":"{jwk["n"]}"}}'
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(required.encode()).digest()).rstrip(b"=").decode()
    assert jwk["kid"] == thumbprint


def test_key_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(TypeError):
        crypto.load_private_key(pem)
