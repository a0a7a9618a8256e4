"""Happy flows: authorization, tokens, ID token and userinfo (Basic, Form Post Basic)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from tests.conformance import registration
from tests.conformance.browser import Browser
from tests.conformance.client import Flow, IdToken, Person, RelyingParty
from tests.conformance.conditions import authorization, id_token, jwks, texts, tokens
from tests.conformance.conditions import claims as standard
from tests.conformance.plans import module


def complete(client: RelyingParty, flow: Flow, **form: str) -> tuple[IdToken, str]:
    """Take an authorization to the end, as every happy flow does; return the ID token and the access token."""
    keys = jwks.are_sound(client.op)
    code = authorization.succeeds(flow, client)
    body = tokens.grants(client.redeem(code, **form))
    token = id_token.stands(body["id_token"], flow, client, keys)
    assert client.userinfo(body["access_token"]).status == 200
    return token, body["access_token"]


@module("oidcc-server")
def test_code_flow_gives_sound_tokens(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """The code is long and random, the tokens and the ID token (claims, hashes, signature) hold, nothing is unasked."""
    assert "client_secret_basic" in client.op.metadata()["token_endpoint_auth_methods_supported"]
    flow = client.authorize(browser, ada)
    texts.is_long_and_random(flow.code)
    token, access_token = complete(client, flow)
    id_token.has_the_hash_of(token, access_token)
    assert "c_hash" not in token.claims
    id_token.leaves_out(token, "name")
    id_token.holds_only_what_was_asked(token, client.scope)
    assert flow.shown == ["login", "consent"]


@module("oidcc-server-client-secret-post")
def test_code_flow_by_client_secret_post(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """The token endpoint takes the secret from the form too, and the metadata says so."""
    assert "client_secret_post" in client.op.metadata()["token_endpoint_auth_methods_supported"]
    client.auth_method = "client_secret_post"
    complete(client, client.authorize(browser, ada))


@module("oidcc-alternate-happy-flow")
def test_order_of_scopes_and_parameters_does_not_matter(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """Reversed scopes and parameters give the same; the e-mail address is at userinfo and not in the ID token."""
    client.scope = "email openid"
    request = dict(reversed(client.request().items()))
    flow = client.send(browser, ada, request)
    token, access_token = complete(client, flow)
    id_token.leaves_out(token, "name", "email")
    told = standard.userinfo(client.userinfo(access_token), token.claims["sub"])
    standard.are_those_of_the_scopes(told, ["openid", "email"])
    assert "name" not in told


@module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
def test_request_without_nonce_succeeds(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """The code flow needs no nonce, and the ID token then has none."""
    token, _access_token = complete(client, client.authorize(browser, ada, nonce=None))
    assert "nonce" not in token.claims


@module("oidcc-ensure-request-with-valid-pkce-succeeds")
def test_request_with_pkce_succeeds(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A valid challenge and its verifier are accepted from a client that need not send them."""
    from provider_site.crypto import code_challenge

    verifier = "a-verifier-of-43-characters-or-more-0123456789"
    flow = client.authorize(browser, ada, code_challenge=code_challenge(verifier), code_challenge_method="S256")
    complete(client, flow, code_verifier=verifier)


@module("oidcc-ensure-post-request-succeeds")
def test_posted_authorization_request_succeeds(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """The authorization endpoint takes a posted form as it takes a query, and the flow ends at the client."""
    complete(client, client.send(browser, ada, client.request(), method="POST"))


@module("oidcc-idtoken-signature", "oidcc-idtoken-rs256")
def test_id_token_is_signed_by_rs256_unless_asked_otherwise(
    client: RelyingParty, ada: Person, browser: Browser
) -> None:
    """An ID token has RS256 and a kid where the client chose nothing, and where it chose RS256."""
    token, _access_token = complete(client, client.authorize(browser, ada))
    id_token.is_signed_by(token, "RS256")
    id_token.names_its_key(token)
    assert client.application.registration.id_token_alg == "RS256"


@module("oidcc-idtoken-unsigned")
def test_unsigned_id_tokens_are_not_to_be_had(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """The metadata does not list `none`, no client can be registered for it, and none is issued."""
    import pytest
    from django.core.exceptions import ValidationError

    assert "none" not in client.op.metadata()["id_token_signing_alg_values_supported"]
    row = client.application.registration
    row.id_token_alg = "none"
    with pytest.raises(ValidationError, match="id_token_alg"):
        row.full_clean()
    token, _access_token = complete(client, client.authorize(browser, ada))
    assert token.header["alg"] != "none"


@module("oidcc-refresh-token")
def test_refresh_token_works_and_is_bound_to_its_client(
    client: RelyingParty, ada: Person, browser: Browser, pass_time: Callable[[int], None]
) -> None:
    """A refresh gives new sound tokens with the same subject and sign-in; another client gets invalid_grant."""
    assert "refresh_token" in client.op.metadata()["grant_types_supported"]
    other = registration.register(client.op, client.listener, name="Second client")
    refreshed = ""
    for rp in (client, other):
        rp.form_post, rp.scope = client.form_post, "openid offline_access"
        nonce = "n" * 43 if rp is other else "n0123456789"
        flow = rp.authorize(browser, ada, prompt="consent", nonce=nonce)
        assert flow.shown[-1] == "consent"
        body = tokens.grants(rp.redeem(authorization.succeeds(flow, rp)))
        first = id_token.stands(body["id_token"], flow, rp, rp.op.jwks())
        pass_time(1)
        form = {} if rp is other else {"scope": rp.scope}
        again = tokens.grants(rp.refresh(body["refresh_token"], **form))
        assert again["access_token"] != body["access_token"]
        if "id_token" in again:
            id_token.goes_on_from(first, IdToken(again["id_token"]))
            jwks.signed(again["id_token"], rp.op.jwks())
        assert rp.userinfo(again["access_token"]).status == 200
        refreshed = again.get("refresh_token", body["refresh_token"])
    tokens.refuses(client.refresh(refreshed, scope=client.scope), "invalid_grant")


@module("oidcc-codereuse")
def test_code_used_again_at_once_is_refused(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A second redemption right behind the first gets invalid_grant, well formed."""
    flow = client.authorize(browser, ada)
    complete(client, flow)
    tokens.refuses(client.redeem(flow.code), "invalid_grant")


@module("oidcc-codereuse-30seconds")
def test_code_used_again_later_ends_the_first_tokens(
    client: RelyingParty, ada: Person, browser: Browser, pass_time: Callable[[int], None]
) -> None:
    """After 30 seconds a second redemption gets invalid_grant, and the first access token stops working."""
    flow = client.authorize(browser, ada)
    _token, access_token = complete(client, flow)
    pass_time(30)
    assert client.userinfo(access_token).status == 200
    tokens.refuses(client.redeem(flow.code), "invalid_grant")
    assert 400 <= client.userinfo(access_token).status < 500


def test_browser_of_the_suite_needs_nothing_but_the_stable_ids(rp: RelyingParty, ada: Person, browser: Browser) -> None:
    """The sign-in page has #id_login and #id_password, the consent page #allow and #deny, which denies."""
    browser.open(f"{rp.op.endpoint('authorization_endpoint')}?{urlencode(rp.request())}")
    assert browser.page.has("id_login")
    assert browser.page.has("id_password")
    ada.decision = "deny"
    flow = rp.authorize(browser, ada)
    assert flow.shown == ["login", "consent"]
    authorization.fails(flow, rp, {"access_denied"})
