"""RFC 7518, JSON Web Algorithms: what signs, and what the keys are made of."""

from base64 import urlsafe_b64decode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from tests.provider.driver import Driver
from tests.spec.signing import ALGORITHMS, choose, published

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def key_of(driver: Driver, alg: str) -> dict[str, Any]:
    """Return the published key of an algorithm."""
    (key,) = [key for key in published(driver)["keys"] if key["alg"] == alg]
    return key


def octets(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_id_token_is_signed_by_the_algorithm_the_application_chose(driver: Driver, alg: str) -> None:
    """3.1; OpenID Registration 2 (id_token_signed_response_alg). At each issuance, refresh included."""
    choose(driver, alg)
    tokens = driver.tokens()
    for token in (tokens.body["id_token"], driver.refresh(tokens.refresh).body["id_token"]):
        assert jwt.get_unverified_header(token)["alg"] == alg
        read = joserfc_jwt.decode(token, KeySet.import_key_set(published(driver)), algorithms=[alg])
        assert read.claims["aud"] == driver.application.client_id


def test_what_the_metadata_lists_is_what_there_are_keys_for(driver: Driver) -> None:
    """3.1; OpenID Discovery 3: RS256 is among them."""
    listed = driver.backchannel.get("/.well-known/openid-configuration").json()["id_token_signing_alg_values_supported"]
    assert listed[0] == "RS256"
    assert sorted(listed) == sorted(key["alg"] for key in published(driver)["keys"]) == sorted(ALGORITHMS)


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_rsa_keys_have_2048_bits_and_minimal_integers(driver: Driver, alg: str) -> None:
    """3.3, 3.5, 6.3.1: no leading zero octets."""
    key = key_of(driver, alg)
    modulus, exponent = octets(key["n"]), octets(key["e"])
    assert int.from_bytes(modulus, "big").bit_length() >= 2048
    assert modulus[0] != 0
    assert int.from_bytes(exponent, "big") == 65537
    assert exponent[0] != 0
    assert isinstance(jwt.PyJWK(key).key, rsa.RSAPublicKey)


def test_elliptic_curve_key_is_a_point_of_p256_in_whole_octets(driver: Driver) -> None:
    """3.4, 6.2.1: 32 octets each, also where one begins with zero."""
    key = key_of(driver, "ES256")
    assert key["crv"] == "P-256"
    assert len(octets(key["x"])) == len(octets(key["y"])) == 32
    public = jwt.PyJWK(key).key
    assert isinstance(public, ec.EllipticCurvePublicKey)  # which refuses what is no point of the curve


def test_es256_signature_is_r_and_s_of_32_octets_each(driver: Driver) -> None:
    """3.4: not the DER of other protocols."""
    choose(driver, "ES256")
    for _time in range(3):
        assert len(octets(driver.tokens().body["id_token"].split(".")[2])) == 64


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_rsa_signature_is_as_long_as_the_modulus(driver: Driver, alg: str) -> None:
    """3.3, 3.5."""
    choose(driver, alg)
    assert len(octets(driver.tokens().body["id_token"].split(".")[2])) == len(octets(key_of(driver, alg)["n"]))


def test_signature_of_one_rsa_scheme_does_not_pass_for_the_other(driver: Driver) -> None:
    """3.3, 3.5."""
    choose(driver, "PS256")
    token = driver.tokens().body["id_token"]
    public = jwt.PyJWK(key_of(driver, "PS256"), algorithm="RS256")
    with pytest.raises(jwt.InvalidTokenError):
        jwt.decode(token, public, algorithms=["RS256"], options={"verify_aud": False})
