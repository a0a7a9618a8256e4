"""OpenID Connect Discovery 1.0, and the keys (RFC 7517)."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from tests.provider.driver import ISSUER, ISSUER_HOST, Driver

REQUIRED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k"}


def test_document_has_every_required_member(driver: Driver) -> None:
    """3."""
    assert driver.backchannel.get("/.well-known/openid-configuration").json().keys() >= REQUIRED


def test_document_names_the_issuer_of_id_tokens(driver: Driver) -> None:
    """4.3: exactly the iss of ID tokens."""
    document = driver.backchannel.get("/.well-known/openid-configuration").json()
    assert driver.id_token(driver.tokens())["iss"] == document["issuer"] == ISSUER


def test_algorithm_of_id_tokens_is_listed(driver: Driver) -> None:
    """3."""
    document = driver.backchannel.get("/.well-known/openid-configuration").json()
    header = jwt.get_unverified_header(driver.tokens().body["id_token"])
    assert header["alg"] in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["id_token_signing_alg_values_supported"]


@pytest.mark.parametrize(
    ("member", "parameter", "value"),
    [
        ("request_parameter_supported", "request", "e30.e30."),
        ("request_uri_parameter_supported", "request_uri", "https://app.example.com/request"),
    ],
)
def test_what_is_said_to_be_unsupported_is_refused(driver: Driver, member: str, parameter: str, value: str) -> None:
    """3: request_uri is true when left out, so both are said."""
    assert driver.backchannel.get("/.well-known/openid-configuration").json()[member] is False
    assert f"error={parameter}_not_supported" in driver.authorize(**{parameter: value})["Location"]


@pytest.mark.parametrize("host", ["localhost:9999", "localhost"])
def test_host_of_the_request_changes_nothing(db: None, host: str) -> None:
    """4.3: the issuer is configured."""
    forged = Client(headers={"host": host}).get("/.well-known/openid-configuration").json()
    assert forged == Client(headers={"host": ISSUER_HOST}).get("/.well-known/openid-configuration").json()


def test_keys_are_public_and_named(driver: Driver) -> None:
    """RFC 7517 4, 5."""
    keys: list[dict[str, Any]] = driver.backchannel.get("/.well-known/jwks.json").json()["keys"]
    assert keys
    for key in keys:
        assert (key["kty"], key["alg"]) in {("RSA", "RS256"), ("EC", "ES256"), ("OKP", "EdDSA"), ("RSA", "PS256")}
        assert key["use"] == "sig"
        assert key["kid"]
        assert not PRIVATE_MEMBERS & key.keys()


def test_first_request_for_the_keys_makes_one_for_each_algorithm(db: None) -> None:
    anybody = Client(headers={"host": ISSUER_HOST})
    keys = anybody.get("/.well-known/jwks.json").json()["keys"]
    offered = anybody.get("/.well-known/openid-configuration").json()["id_token_signing_alg_values_supported"]
    assert sorted(key["alg"] for key in keys) == sorted(offered) == ["ES256", "EdDSA", "PS256", "RS256"]


def test_new_key_is_published_before_it_signs_and_the_old_verifies_after(driver: Driver) -> None:
    """OpenID Core 10.1.1."""
    from provider_site.services import key_life

    old = driver.tokens()
    (change,) = key_life.rotate(algorithms=["RS256"])
    assert jwt.get_unverified_header(driver.tokens().body["id_token"])["kid"] != change.published
    key_life.rotate(algorithms=["RS256"], now=timezone.now() + timedelta(hours=2))
    new = driver.tokens()
    assert jwt.get_unverified_header(new.body["id_token"])["kid"] == change.published
    assert driver.id_token(old)["sub"] == driver.id_token(new)["sub"]
