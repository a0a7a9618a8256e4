"""RFC 7638, JWK Thumbprint: what a key ID is."""

import hashlib
import json
from base64 import urlsafe_b64encode

import pytest
from joserfc.jwk import KeySet

from provider_site import crypto
from tests.provider.driver import Driver
from tests.spec.signing import published

# 3.1
EXAMPLE = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
}


def test_thumbprint_is_the_one_of_the_example() -> None:
    """3.1."""
    assert crypto.thumbprint(EXAMPLE) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_order_of_the_members_makes_no_difference() -> None:
    """3.3: they are put in lexicographic order."""
    assert crypto.thumbprint(dict(reversed(EXAMPLE.items()))) == crypto.thumbprint(EXAMPLE)


def test_key_id_is_the_thumbprint_of_the_required_members(driver: Driver) -> None:
    """3, 3.2; RFC 8037 2 for OKP: by our own reckoning and by another library's."""
    required = {"RSA": ["e", "kty", "n"], "EC": ["crv", "kty", "x", "y"], "OKP": ["crv", "kty", "x"]}
    keys = published(driver)["keys"]
    assert {key["kty"] for key in keys} == set(required)
    for key in keys:
        text = json.dumps({name: key[name] for name in required[key["kty"]]}, separators=(",", ":"))
        assert key["kid"] == urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    for read in KeySet.import_key_set({"keys": keys}).keys:
        assert read.thumbprint() == read.kid


@pytest.mark.parametrize("member", ["use", "alg", "kid"])
def test_optional_members_are_no_part_of_it(driver: Driver, member: str) -> None:
    """3.2.1."""
    for key in published(driver)["keys"]:
        assert member in key
        (read,) = KeySet.import_key_set({"keys": [{**key, member: key[member] if member != "kid" else "x"}]}).keys
        assert read.thumbprint() == key["kid"]
