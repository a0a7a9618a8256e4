"""RFC 7515, JSON Web Signature: the compact form, its header, and what makes a signature hold."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from provider_site.errors import SignedTokenRefused
from provider_site.services import key_life, keys
from tests.provider.driver import Driver
from tests.spec.signing import ALGORITHMS, choose, published

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def decoded(part: str) -> Any:
    """Return the JSON of a part of a token."""
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encoded(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_compact_serialization_is_three_parts_without_padding(driver: Driver, alg: str) -> None:
    """2, 3.1, 7.1."""
    choose(driver, alg)
    parts = driver.tokens().body["id_token"].split(".")
    assert len(parts) == 3
    for part in parts:
        assert part
        assert not set(part) & set("=+/ \n")
    assert decoded(parts[1])["aud"] == driver.application.client_id


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_header_names_algorithm_key_and_type_and_nothing_else(driver: Driver, alg: str) -> None:
    """4.1.1, 4.1.4, 4.1.9; no jku, jwk, x5u or crit (4.1.2, 4.1.3, 4.1.5, 4.1.11)."""
    choose(driver, alg)
    header = decoded(driver.tokens().body["id_token"].partition(".")[0])
    (kid,) = [key["kid"] for key in published(driver)["keys"] if key["alg"] == alg]
    assert header == {"alg": alg, "kid": kid, "typ": "JWT"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_signature_holds_by_the_published_keys_for_another_library(driver: Driver, alg: str) -> None:
    """5.2."""
    choose(driver, alg)
    key_set = KeySet.import_key_set(published(driver))
    verified = jws.deserialize_compact(driver.tokens().body["id_token"], key_set, algorithms=[alg])
    assert json.loads(verified.payload)["aud"] == driver.application.client_id


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_change_of_any_part_is_seen(driver: Driver, alg: str, part: int) -> None:
    """5.2 step 8, by us and by another library."""
    choose(driver, alg)
    parts = driver.tokens().body["id_token"].split(".")
    if part == 2:
        signature = bytearray(urlsafe_b64decode(parts[2] + "=="))
        signature[5] ^= 1
        parts[2] = urlsafe_b64encode(bytes(signature)).rstrip(b"=").decode()
    else:
        parts[part] = encoded({**decoded(parts[part]), "more": 1})
    key_set = KeySet.import_key_set(published(driver))
    with pytest.raises((JoseError, ValueError)):
        jws.deserialize_compact(".".join(parts), key_set, algorithms=[alg])
    with pytest.raises(SignedTokenRefused):
        keys.verify(".".join(parts))


@pytest.mark.parametrize("header", [{"crit": ["b64"], "b64": False}, {"crit": ["unknown"], "unknown": 1}, {"crit": []}])
def test_extension_that_must_be_understood_and_is_not_is_refused(driver: Driver, header: dict[str, Any]) -> None:
    """4.1.11."""
    signer = keys.signer("EdDSA")
    claims = decoded(driver.tokens().body["id_token"].split(".")[1])
    import jwt

    from provider_site import crypto

    head = {"kid": signer.kid, "typ": "JWT", **header}
    token = jwt.encode(claims, crypto.load_private_key(signer.pem), algorithm="EdDSA", headers=head)
    with pytest.raises(SignedTokenRefused):
        keys.verify(token)


def test_unsecured_token_is_never_one_of_ours(driver: Driver) -> None:
    """Appendix A.5, RFC 7518 3.6."""
    body = driver.tokens().body["id_token"].split(".")[1]
    for key in published(driver)["keys"]:
        with pytest.raises(SignedTokenRefused):
            keys.verify(f"{encoded({'alg': 'none', 'kid': key['kid'], 'typ': 'JWT'})}.{body}.")


def test_key_is_chosen_by_the_header_alone_when_there_are_several_of_one_algorithm(driver: Driver) -> None:
    """6: the kid tells which."""
    choose(driver, "ES256")
    old = driver.tokens().body["id_token"]
    key_life.rotate(algorithms=["ES256"])
    key_life.rotate(algorithms=["ES256"], force=True)
    new = driver.tokens().body["id_token"]
    key_set = KeySet.import_key_set(published(driver))
    assert len([key for key in published(driver)["keys"] if key["alg"] == "ES256"]) == 3
    for token in (old, new):
        assert jws.deserialize_compact(token, key_set, algorithms=["ES256"])
        assert keys.verify(token)["aud"] == driver.application.client_id
