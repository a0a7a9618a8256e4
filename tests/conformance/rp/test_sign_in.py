"""Sign-ins that succeed, and what the relying party asks for (Basic, Form Post Basic, third-party initiated login)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.conformance.plans import module
from tests.conformance.rp import conditions
from tests.conformance.rp.consumer import RelyingParty
from tests.conformance.rp.keys import KeySet, suite_keys

Refused = Callable[[RelyingParty, str], None]


@module("oidcc-client-test")
def test_code_flow_signs_in(client: RelyingParty) -> None:
    """The code flow signs a person in: authorization, token and userinfo requests hold every condition."""
    client.sign_in()
    for endpoint in ("authorize", "token", "userinfo"):
        assert len(client.op.at(endpoint)) == 1, endpoint


@module("oidcc-client-test-client-secret-basic")
def test_client_is_authenticated_by_basic(client: RelyingParty) -> None:
    """Where the metadata lists it alone, the client authenticates by client_secret_basic, each part form-encoded."""
    assert client.op.metadata()["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    client.sign_in()
    (request,) = client.op.at("token")
    assert request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("method", ["client_secret_post", "private_key_jwt"])
def test_client_is_authenticated_by_the_only_method(client: RelyingParty, method: str) -> None:
    """The variants of the suite beside client_secret_basic; private_key_jwt by the keys that are published here."""
    client.use(method)
    client.sign_in()
    assert len(client.op.at("token")) == 1


@module("oidcc-client-test-scope-userinfo-claims")
def test_claims_are_asked_for_by_scope(client: RelyingParty) -> None:
    """Scopes of the entry ask for claims (profile, email), and the person is shown by what userinfo says."""
    client.op.check_authorization = conditions.scope_for_claims
    client.sign_in()
    page = client.browser.open(f"{client.consumer.origin}/calendar/")
    assert "Dee" in page.text


@module("oidcc-client-test-userinfo-bearer-header")
def test_access_token_goes_in_the_header(client: RelyingParty) -> None:
    """Userinfo is asked with the access token in the Authorization header, and nowhere else."""
    client.sign_in()
    (request,) = client.op.at("userinfo")
    assert request.method == "GET"
    assert not request.query
    assert not request.form


@module("oidcc-client-test-userinfo-invalid-sub")
def test_userinfo_of_somebody_else_is_refused(client: RelyingParty, refused: Refused) -> None:
    """Userinfo whose sub is not the ID token's is refused: nobody is signed in, no account is made."""
    client.op.change_userinfo = lambda claims: claims.update(sub=claims["sub"] + "invalid")
    refused(client, "userinfo_invalid")
    assert len(client.op.at("userinfo")) == 1


@module("oidcc-client-test-userinfo-signed")
def test_signed_userinfo_is_verified(client: RelyingParty, refused: Refused) -> None:
    """Userinfo signed by RS256 is verified and used; signed by a key that is not the provider's it is refused."""
    client.op.has_signed_userinfo = True
    client.sign_in()
    assert "Dee" in client.browser.open(f"{client.consumer.origin}/calendar/").text
    client.browser.session.cookies.clear()
    # Keys of the same names that nobody published.
    foreign = zip(suite_keys(first=2).keys, client.op.keys.keys, strict=True)
    client.op.userinfo_keys = KeySet(tuple(replace(key, kid=own.kid) for key, own in foreign))
    refused(client, "userinfo_invalid")


@module("oidcc-client-test-3rd-party-init-login")
def test_sign_in_begins_at_the_provider(rp: RelyingParty) -> None:
    """The initiate_login_uri with `iss` leads to the authorization endpoint, and on as from here."""
    page = rp.browser.open(rp.consumer.address("initiate") + "?" + urlencode({"iss": rp.op.issuer}))
    assert page.status == 200, page.text
    assert not rp.op.at("authorize")  # a person is asked first, so that no page can sign somebody in unasked
    rp.go_on()
    assert rp.is_signed_in()
    assert len(rp.op.at("userinfo")) == 1


@pytest.mark.parametrize("code", ["login_required", "access_denied"])
def test_error_by_form_post_is_shown(rp: RelyingParty, caplog: pytest.LogCaptureFixture, code: str) -> None:
    """An error response, posted by the provider's page, ends at a page of this site that says so."""
    rp.op.form_post = True
    rp.configure(response_mode="form_post")
    rp.op.error = code
    page = rp.start()
    assert page.url.startswith(rp.consumer.origin), page.url
    assert 400 <= page.status < 600
    assert "Reference:" in page.text
    assert "sign-in failed: " in caplog.text
    assert code in caplog.text
    assert not rp.op.at("token")
    assert not rp.is_signed_in()
