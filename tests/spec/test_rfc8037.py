"""RFC 8037, EdDSA in JOSE: keys of Ed25519, and what they sign."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from joserfc import jws
from joserfc.jwk import OKPKey

from provider_site import crypto
from tests.provider.driver import Driver
from tests.spec.signing import choose, published

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

# Appendix A.1 to A.4
SECRET = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
SIGNED = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4"
    "iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def octets(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


@pytest.fixture
def key(driver: Driver) -> dict[str, Any]:
    """Return the published key of EdDSA."""
    (found,) = [key for key in published(driver)["keys"] if key["alg"] == "EdDSA"]
    return found


def test_key_of_the_example_has_its_public_half_and_thumbprint() -> None:
    """2, Appendix A.2, A.3."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(octets(SECRET))
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    jwk = crypto.public_jwk(pem, alg="EdDSA")
    assert (jwk["kty"], jwk["crv"], jwk["x"], jwk["kid"]) == ("OKP", "Ed25519", PUBLIC, THUMBPRINT)
    assert "d" not in jwk
    head, body, signature = SIGNED.split(".")
    assert crypto.load_private_key(pem).sign(f"{head}.{body}".encode()) == octets(signature)  # type: ignore[call-arg]  # of Ed25519


def test_published_key_is_a_point_of_32_octets(key: dict[str, Any]) -> None:
    """2."""
    assert set(key) == {"kty", "use", "alg", "kid", "crv", "x"}
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert len(octets(key["x"])) == 32


def test_signature_has_64_octets_and_holds_for_other_libraries(driver: Driver, key: dict[str, Any]) -> None:
    """3.1."""
    choose(driver, "EdDSA")
    token = driver.tokens().body["id_token"]
    assert jwt.get_unverified_header(token)["alg"] == "EdDSA"
    assert len(octets(token.split(".")[2])) == 64
    assert jws.deserialize_compact(token, OKPKey.import_key(key), algorithms=["EdDSA"])
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=["EdDSA"], audience=driver.application.client_id)
    assert claims == driver.id_token(driver.tokens()) | {name: claims[name] for name in ("iat", "exp", "at_hash")}


def test_hash_of_the_access_token_is_by_sha_512(driver: Driver) -> None:
    """OpenID Core 3.1.3.6 with RFC 8032 5.1: the hash function that Ed25519 signs with."""
    choose(driver, "EdDSA")
    tokens = driver.tokens()
    left = hashlib.sha512(tokens.access.encode()).digest()[:32]
    expected = urlsafe_b64encode(left).rstrip(b"=").decode()
    assert driver.id_token(tokens)["at_hash"] == expected


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256"])
def test_hash_of_the_access_token_is_by_sha_256_for_the_others(driver: Driver, alg: str) -> None:
    """OpenID Core 3.1.3.6."""
    choose(driver, alg)
    tokens = driver.tokens()
    left = hashlib.sha256(tokens.access.encode()).digest()[:16]
    assert driver.id_token(tokens)["at_hash"] == urlsafe_b64encode(left).rstrip(b"=").decode()


def test_key_for_signatures_of_another_type_is_none() -> None:
    """3.1, 5: a key is for the algorithm it was made for."""
    for alg, other in (("EdDSA", "ES256"), ("ES256", "RS256"), ("ES256", "EdDSA")):
        pem = crypto.generate_private_key(alg)  # type: ignore[arg-type]  # one of the four
        with pytest.raises(TypeError):
            crypto.public_jwk(pem, alg=other)  # type: ignore[arg-type]  # as above
    assert json.loads(json.dumps(crypto.public_members({"kty": "OKP", "d": "x"}))) == {"kty": "OKP"}
