"""ID tokens that must be rejected, and those that must be accepted (Basic, Form Post Basic)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.plans import module
from tests.conformance.rp import tokens
from tests.conformance.rp.consumer import RelyingParty
from tests.conformance.rp.keys import suite_keys

Refused = Callable[[RelyingParty, str], None]


def rejected(client: RelyingParty, refused: Refused) -> None:
    """Check that the ID token is rejected, and that userinfo is not asked behind it."""
    refused(client, "id_token_invalid")
    assert len(client.op.id_tokens) == 1
    assert client.op.at("userinfo") == []


@module("oidcc-client-test-invalid-iss")
def test_id_token_of_another_issuer_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token with another `iss` is rejected: an error page, nobody signed in, userinfo not asked."""
    client.op.change_claims = lambda claims: claims.update(iss=claims["iss"] + "1")
    rejected(client, refused)


@module("oidcc-client-test-missing-sub")
def test_id_token_without_subject_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token without `sub` is rejected."""
    client.op.change_claims = lambda claims: without(claims, "sub")
    rejected(client, refused)


@module("oidcc-client-test-invalid-aud")
def test_id_token_for_another_client_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token with another `aud` is rejected."""
    client.op.change_claims = lambda claims: claims.update(aud=claims["aud"] + "1")
    rejected(client, refused)


@module("oidcc-client-test-missing-aud")
def test_id_token_for_nobody_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token without `aud` is rejected."""
    client.op.change_claims = lambda claims: without(claims, "aud")
    rejected(client, refused)


@module("oidcc-client-test-missing-iat")
def test_id_token_of_unknown_age_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token without `iat` is rejected."""
    client.op.change_claims = lambda claims: without(claims, "iat")
    rejected(client, refused)


@module("oidcc-client-test-nonce-invalid")
def test_id_token_for_another_sign_in_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token with another `nonce` than was sent is rejected."""
    client.op.change_claims = lambda claims: claims.update(nonce=claims["nonce"] + "1")
    rejected(client, refused)


@module("oidcc-client-test-invalid-athash")
def test_id_token_beside_another_access_token_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token whose `at_hash` is of another access token is rejected, though the code flow need not look."""
    client.op.change_claims = lambda claims: claims.update(at_hash=tokens.at_hash("another", "RS256"))
    rejected(client, refused)


@module("oidcc-client-test-idtoken-sig-rs256")
def test_rs256_is_accepted(client: RelyingParty) -> None:
    """An ID token signed by RS256, which the metadata lists alone, is accepted."""
    client.op.change_metadata = only("RS256")
    client.sign_in()


@module("oidcc-client-test-invalid-sig-rs256")
def test_wrong_rs256_signature_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token with a wrong RS256 signature is rejected, though it came over TLS."""
    client.op.change_metadata = only("RS256")
    client.op.sign = lambda claims: tokens.spoiled(tokens.signed(claims, client.op.keys, "RS256"))
    rejected(client, refused)


@module("oidcc-client-test-invalid-sig-es256")
def test_wrong_es256_signature_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token with a wrong ES256 signature is rejected; with the right one it is accepted."""
    client.op.change_metadata = only("ES256")
    client.op.algorithm = "ES256"
    client.op.sign = lambda claims: tokens.spoiled(tokens.signed(claims, client.op.keys, "ES256"))
    rejected(client, refused)
    client.op.sign = None
    client.sign_in()


@module("oidcc-client-test-invalid-sig-hs256")
def test_hs256_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token by HS256 is rejected, right or wrong: the client's secret signs nothing."""
    client.op.sign = lambda claims: tokens.spoiled(tokens.signed_by_secret(claims, client.op.client.client_secret))
    rejected(client, refused)


@module("oidcc-client-test-idtoken-sig-none")
def test_unsigned_id_token_is_rejected(client: RelyingParty, refused: Refused) -> None:
    """An ID token with the algorithm none, which the metadata lists, is rejected; the suite ends as skipped."""
    client.op.sign = tokens.unsigned
    rejected(client, refused)


@module("oidcc-client-test-kid-absent-single-jwks")
def test_only_fitting_key_needs_no_id(client: RelyingParty) -> None:
    """An ID token without `kid` is verified by the one RSA key for signatures, none of the keys having an id."""
    client.op.keys = suite_keys(rsa=1, ec=1, with_ids=False)
    client.sign_in()


@module("oidcc-client-test-kid-absent-multiple-jwks")
def test_key_without_id_is_not_guessed(client: RelyingParty, refused: Refused) -> None:
    """An ID token without `kid` is rejected where several keys fit, which the suite leaves to the client."""
    client.op.keys = suite_keys(rsa=3, ec=3, with_ids=False)
    rejected(client, refused)


def without(claims: dict[str, Any], name: str) -> None:
    """Leave out a claim."""
    del claims[name]


def only(algorithm: str) -> Callable[[dict[str, Any]], None]:
    """Return a change of the metadata that leaves one algorithm for ID tokens."""
    return lambda document: document.update(id_token_signing_alg_values_supported=[algorithm])
