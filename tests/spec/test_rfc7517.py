"""RFC 7517, JSON Web Key: the published set."""

from typing import Any

import pytest
from joserfc.jwk import KeySet

from provider_site.models import SigningKey
from provider_site.services import key_life
from tests.provider.driver import Driver
from tests.spec.signing import ALGORITHMS, published

PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def test_set_is_an_object_with_the_keys_in_an_array(driver: Driver) -> None:
    """5, 5.1."""
    answer = driver.backchannel.get("/.well-known/jwks.json")
    assert answer["Content-Type"].partition(";")[0] in {"application/json", "application/jwk-set+json"}
    assert list(answer.json()) == ["keys"]
    assert isinstance(answer.json()["keys"], list)


def test_each_key_says_what_it_is_for(driver: Driver) -> None:
    """4.1 kty, 4.2 use, 4.4 alg, 4.5 kid."""
    keys = published(driver)["keys"]
    assert {(key["alg"], key["kty"]) for key in keys} == {
        ("RS256", "RSA"),
        ("PS256", "RSA"),
        ("ES256", "EC"),
        ("EdDSA", "OKP"),
    }
    for key in keys:
        assert key["use"] == "sig"
        assert "key_ops" not in key  # 4.3: not together with use


def test_each_key_has_a_kid_of_its_own_also_of_one_type(driver: Driver) -> None:
    """4.5."""
    for alg in ("ES256", "EdDSA"):
        key_life.rotate(algorithms=[alg])
        key_life.rotate(algorithms=[alg], force=True)
    kids = [key["kid"] for key in published(driver)["keys"]]
    assert len(kids) == len(set(kids)) == 8


def test_no_key_serves_two_algorithms(driver: Driver) -> None:
    """4.4; RFC 8725 2.1: an RSA key of PS256 is not the one of RS256."""
    moduli = [key["n"] for key in published(driver)["keys"] if key["kty"] == "RSA"]
    assert len(moduli) == len(set(moduli)) == 2


def test_no_private_member_is_published_of_any_key(driver: Driver) -> None:
    """9.2; RFC 7518 6.2.2, 6.3.2, 6.4."""
    for row in SigningKey.objects.all():
        SigningKey.objects.filter(pk=row.pk).update(public_jwk={**row.public_jwk, "d": "AQAB"})
    for key in published(driver)["keys"]:
        assert not PRIVATE_MEMBERS & key.keys()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_another_library_reads_each_key_as_a_public_one(driver: Driver, alg: str) -> None:
    """4, 5."""
    key_set = KeySet.import_key_set(published(driver))
    (key,) = [key for key in key_set.keys if key.alg == alg]
    assert not key.is_private
    key.check_use("sig")
    key.check_alg(alg)


def test_set_is_the_same_text_each_time_and_may_be_kept(driver: Driver, settings: Any) -> None:
    """5; RFC 9111 5.2.2.1: as long as a new key waits before it signs."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"JWKS_CACHE_SECONDS": 1800}
    key_life.rotate(algorithms=["ES256", "EdDSA"])
    first, again = (driver.backchannel.get("/.well-known/jwks.json") for _time in range(2))
    assert first.content == again.content
    assert first["ETag"] == again["ETag"]
    assert first["Cache-Control"] == "public, max-age=1800"
    unchanged = driver.backchannel.get("/.well-known/jwks.json", headers={"if-none-match": first["ETag"]})
    assert unchanged.status_code == 304
    assert unchanged["Cache-Control"] == "public, max-age=1800"
