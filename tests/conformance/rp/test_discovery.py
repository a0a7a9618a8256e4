"""What the relying party does with metadata and keys, and when they change (Config)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from tests.conformance.plans import module
from tests.conformance.rp.consumer import RelyingParty
from tests.conformance.rp.keys import KeySet, suite_keys
from tests.conformance.rp.suite_op import SuiteOp


@module("oidcc-client-test-discovery-openid-config")
def test_metadata_are_read_and_used(rp: RelyingParty) -> None:
    """The metadata are fetched from below the issuer before anything else, and their endpoints are called."""
    rp.op.change_metadata = lambda document: document.update(display_values_supported=["page"])
    rp.sign_in()
    assert rp.op.received[0].path.endswith("/.well-known/openid-configuration")
    assert len(rp.op.at("userinfo")) == 1


@module("oidcc-client-test-discovery-jwks-uri-keys")
def test_keys_are_where_the_metadata_say(rp: RelyingParty) -> None:
    """Keys are fetched from a jwks_uri that nobody can know without the metadata, before userinfo is asked."""
    rp.op.jwks_path = f"jwks{secrets.token_hex(5)}"
    rp.sign_in()
    paths = [request.path.removeprefix(rp.op.path) for request in rp.op.received]
    assert paths.index(rp.op.jwks_path) < paths.index("userinfo")
    assert "jwks" not in paths


@module("oidcc-client-test-discovery-issuer-mismatch")
def test_metadata_of_another_issuer_are_refused(rp: RelyingParty, refused: Callable[[RelyingParty, str], None]) -> None:
    """Metadata with another issuer than the configured one end the sign-in before the authorization endpoint."""
    rp.op.change_metadata = lambda document: document.update(issuer=document["issuer"] + "INVALID")
    refused(rp, "answer_invalid")
    assert rp.op.at("authorize") == []
    assert {request.path.removeprefix(rp.op.path) for request in rp.op.received} == {".well-known/openid-configuration"}


@module("oidcc-client-test-signing-key-rotation-just-before-signing")
def test_keys_that_change_before_the_token_is_signed_are_found(rp: RelyingParty) -> None:
    """Keys that change between authorization request and ID token are fetched (again) behind it."""
    first = _signs_in_once(rp)
    rp.op.before_signing = lambda: _rotate(rp.op)
    rp.browser.session.cookies.clear()
    rp.sign_in()
    assert rp.op.keys.signing("RS256").kid != first.signing("RS256").kid


@module("oidcc-client-test-signing-key-rotation")
def test_keys_that_change_between_sign_ins_are_fetched_again(rp: RelyingParty) -> None:
    """A second ID token, by a new key, is accepted: the keys are fetched again."""
    _signs_in_once(rp)
    before = len(rp.op.at("jwks"))
    _rotate(rp.op)
    rp.browser.session.cookies.clear()
    rp.sign_in()
    assert len(rp.op.at("jwks")) == before + 1
    assert len(rp.op.at("userinfo")) == 2


def test_nothing_is_kept_where_the_suite_is_run(
    rp: RelyingParty, refused: Callable[[RelyingParty, str], None], settings: Any
) -> None:
    """By METADATA_CACHE_SECONDS=0 each module of the suite, all at one address, is met as a provider of its own."""
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "METADATA_CACHE_SECONDS": 0}
    for first, with_ids in ((0, True), (2, False), (0, False)):
        rp.op.keys = suite_keys(rsa=1, ec=1, first=first, with_ids=with_ids)
        rp.op.jwks_path = f"jwks{secrets.token_hex(5)}"
        rp.sign_in()
        rp.browser.session.cookies.clear()
    before = len(rp.op.at("authorize"))
    rp.op.change_metadata = lambda document: document.update(issuer=document["issuer"] + "INVALID")
    refused(rp, "answer_invalid")
    assert len(rp.op.at("authorize")) == before


def test_keys_that_change_under_no_name_are_fetched_again(rp: RelyingParty) -> None:
    """A second ID token, by a new key that has no id any more than the first one, is accepted too."""
    for first in (0, 2):
        rp.op.keys = suite_keys(rsa=1, ec=1, first=first, with_ids=False)
        rp.sign_in()
        rp.browser.session.cookies.clear()


def _signs_in_once(rp: RelyingParty) -> KeySet:
    rp.sign_in()
    return rp.op.keys


def _rotate(op: SuiteOp) -> None:
    op.keys = suite_keys(first=2)
