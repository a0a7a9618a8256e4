"""Userinfo and what the scopes open there (Basic, Form Post Basic)."""

from __future__ import annotations

import json

from tests.conformance.browser import Browser
from tests.conformance.client import Person, RelyingParty
from tests.conformance.conditions import authorization, id_token, tokens
from tests.conformance.conditions import claims as standard
from tests.conformance.plans import module


def told(client: RelyingParty, ada: Person, browser: Browser, **changes: str) -> tuple[dict[str, object], object]:
    """Authorize, redeem and ask userinfo; return its claims and the ID token, both found sound."""
    flow = client.authorize(browser, ada, **changes)
    body = tokens.grants(client.redeem(authorization.succeeds(flow, client)))
    token = id_token.stands(body["id_token"], flow, client, client.op.jwks())
    return standard.userinfo(client.userinfo(body["access_token"]), token.claims["sub"]), token


def asked(client: RelyingParty, ada: Person, browser: Browser, how: str) -> None:
    flow = client.authorize(browser, ada)
    body = tokens.grants(client.redeem(authorization.succeeds(flow, client)))
    token = id_token.stands(body["id_token"], flow, client, client.op.jwks())
    standard.userinfo(client.userinfo(body["access_token"], how), token.claims["sub"])


@module("oidcc-userinfo-get")
def test_userinfo_answers_get(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """GET with the token in the header gives JSON with sound claims about the ID token's subject."""
    asked(client, ada, browser, "get")


@module("oidcc-userinfo-post-header")
def test_userinfo_answers_post_with_header(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """POST with the token in the header gives the same."""
    asked(client, ada, browser, "post-header")


@module("oidcc-userinfo-post-body")
def test_userinfo_answers_post_with_body(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """POST with the token in the form gives the same, where the suite would content itself with a warning."""
    asked(client, ada, browser, "post-body")


@module("oidcc-userinfo-rs256")
def test_signed_userinfo_is_not_promised(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """The metadata lists no userinfo signing algorithm, and userinfo is plain JSON."""
    assert "userinfo_signing_alg_values_supported" not in client.op.metadata()
    asked(client, ada, browser, "get")


def _scopes(client: RelyingParty, ada: Person, browser: Browser, *scopes: str) -> None:
    assert set(scopes) <= set(client.op.metadata()["scopes_supported"])
    client.scope = " ".join(["openid", *scopes])
    claims, token = told(client, ada, browser)
    standard.are_those_of_the_scopes(claims, ["openid", *scopes])
    standard.are_no_others(claims, ["openid", *scopes])
    id_token.leaves_out(token, *claims.keys() - {"sub"})
    assert claims.keys() - {"address"} <= set(client.op.metadata()["claims_supported"])


@module("oidcc-scope-profile")
def test_scope_profile_opens_its_fourteen_claims(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`profile` opens all its claims at userinfo, of the right types, and no other; none is in the ID token."""
    _scopes(client, ada, browser, "profile")


@module("oidcc-scope-email")
def test_scope_email_opens_its_claims(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`email` opens email and email_verified at userinfo, no name, and nothing of it is in the ID token."""
    _scopes(client, ada, browser, "email")


@module("oidcc-scope-address")
def test_scope_address_opens_its_claim(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`address` opens an object of texts at userinfo."""
    _scopes(client, ada, browser, "address")


@module("oidcc-scope-phone")
def test_scope_phone_opens_its_claims(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`phone` opens phone_number and phone_number_verified at userinfo."""
    _scopes(client, ada, browser, "phone")


@module("oidcc-scope-all")
def test_all_scopes_open_all_claims(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`email phone address profile` together open every standard claim."""
    _scopes(client, ada, browser, "email", "phone", "address", "profile")


@module("oidcc-claims-essential")
def test_essential_name_is_told_at_userinfo_alone(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`claims` asking for name as essential has it at userinfo, where the person allows it, and not in the ID token."""
    assert client.op.metadata()["claims_parameter_supported"] is True
    claims, token = told(client, ada, browser, claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
    assert claims["name"] == "Ada Lovelace"
    id_token.leaves_out(token, "name")
