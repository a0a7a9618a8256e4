"""Authorization requests with parameters of every kind, and those that must not end at the client (Basic)."""

from __future__ import annotations

import base64
import json

import pytest

from tests.conformance import registration
from tests.conformance.browser import Browser
from tests.conformance.client import CALLBACK, Person, RelyingParty
from tests.conformance.conditions import authorization, id_token
from tests.conformance.plans import module
from tests.conformance.test_code_flow import complete


@module("oidcc-response-type-missing")
def test_missing_response_type_is_answered_by_an_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """Without response_type the client gets invalid_request or unsupported_response_type, and state."""
    flow = client.authorize(browser, ada, response_type=None)
    assert flow.shown == []
    authorization.fails(flow, client, {"invalid_request", "unsupported_response_type"})


@module("oidcc-display-page")
def test_display_page_is_no_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`display=page` shows the sign-in page and succeeds."""
    flow = client.authorize(browser, ada, display="page")
    assert flow.shown == ["login", "consent"]
    complete(client, flow)


@module("oidcc-display-popup")
def test_display_popup_is_no_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`display=popup` shows the sign-in page and succeeds."""
    flow = client.authorize(browser, ada, display="popup")
    assert flow.shown == ["login", "consent"]
    complete(client, flow)


@module("oidcc-ensure-request-with-unknown-parameter-succeeds")
def test_unknown_parameter_is_ignored(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`extra=foobar` changes nothing (RFC 6749 3.1)."""
    complete(client, client.authorize(browser, ada, extra="foobar"))


@module("oidcc-login-hint")
def test_login_hint_is_no_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`login_hint`, of nobody known here, shows the sign-in page and succeeds."""
    flow = client.authorize(browser, ada, login_hint="buffy@localhost")
    assert flow.shown == ["login", "consent"]
    complete(client, flow)


@module("oidcc-ui-locales")
def test_ui_locales_are_no_error_and_are_followed(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`ui_locales=se` succeeds; a language that is offered is the one of the sign-in page."""
    complete(client, client.authorize(browser, ada, ui_locales="se"))
    stranger = Browser(client.op.bundle)
    try:
        stranger.open(client.op.endpoint("authorization_endpoint") + "?" + _query(client, ui_locales="zh-CN en"))
        assert stranger.page.has("id_login")
        assert stranger.page.reader.language.lower().startswith("zh"), stranger.page.reader.language
    finally:
        stranger.close()


def _query(client: RelyingParty, **changes: str) -> str:
    from urllib.parse import urlencode

    return urlencode(client.request(**changes))


@module("oidcc-claims-locales")
def test_claims_locales_are_no_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`claims_locales=se` succeeds (OpenID Core 5.2, 15.1)."""
    complete(client, client.authorize(browser, ada, claims_locales="se"))


@module("oidcc-ensure-request-with-acr-values-succeeds")
def test_acr_values_are_answered_by_one_of_them(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`acr_values` with all the metadata lists succeeds, and the ID token's acr is one of them."""
    acr_values = " ".join(client.op.metadata()["acr_values_supported"])
    token, _access_token = complete(client, client.authorize(browser, ada, acr_values=acr_values))
    id_token.has_acr_of(token, acr_values)


def test_acr_values_of_nobody_are_no_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """`acr_values=1 2`, which the suite sends where the metadata lists none, succeeds too."""
    complete(client, client.authorize(browser, ada, acr_values="1 2"))


@module("oidcc-ensure-registered-redirect-uri")
def test_unregistered_redirect_uri_ends_at_a_page(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A redirect URI that is not registered gets a page that names the fault; nobody is sent anywhere."""
    flow = client.authorize(browser, ada, redirect_uri=client.listener.url(f"{CALLBACK}/k3Jd83nS0a"))
    assert flow.shown == []
    authorization.ends_at_an_error_page(flow, "redirect")


@module("oidcc-redirect-uri-query-added")
def test_query_added_to_the_redirect_uri_ends_at_a_page(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A query that is not registered makes it another redirect URI: a page."""
    flow = client.authorize(browser, ada, redirect_uri=f"{client.redirect_uri}?foo=bar")
    authorization.ends_at_an_error_page(flow, "redirect")


@module("oidcc-redirect-uri-query-OK")
def test_redirect_uri_with_a_query_keeps_it(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A registered query is in the redirect, beside the response."""
    with_query = registration.register(
        client.op, client.listener, redirect_uri=client.listener.url(f"{CALLBACK}?bar=foo")
    )
    with_query.form_post = client.form_post
    complete(with_query, with_query.authorize(browser, ada))


@module("oidcc-redirect-uri-query-mismatch")
def test_other_query_than_the_registered_ends_at_a_page(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """Another query than the registered one makes it another redirect URI: a page."""
    with_query = registration.register(
        client.op, client.listener, redirect_uri=client.listener.url(f"{CALLBACK}?bar=foo")
    )
    flow = with_query.authorize(browser, ada, redirect_uri=client.listener.url(f"{CALLBACK}?foo=bar"))
    authorization.ends_at_an_error_page(flow, "redirect")


@module("oidcc-ensure-redirect-uri-in-authorization-request")
def test_missing_redirect_uri_ends_at_a_page(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """Without redirect_uri, from a client that has two, there is a page."""
    two = registration.register(
        client.op, client.listener, redirect_uris=[client.redirect_uri, "https://example.org/redirect"]
    )
    flow = two.authorize(browser, ada, redirect_uri=None)
    assert flow.shown == []
    authorization.ends_at_an_error_page(flow, "redirect")


def unsigned(claims: dict[str, str]) -> str:
    """Return a request object with the algorithm none (OpenID Core 6.1)."""
    parts = (json.dumps({"alg": "none"}), json.dumps(claims))
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."


def _beside(inside: dict[str, str], **more: str) -> dict[str, str]:
    """Return what stands beside a request object: what RFC 6749 requires, and nothing else."""
    return {name: inside[name] for name in ("response_type", "client_id", "scope", "redirect_uri")} | more


@module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
def test_request_object_is_refused_by_its_own_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A request object by value gets request_not_supported, never ignored, by the response mode that stands in it."""
    assert client.op.metadata().get("request_parameter_supported") is False
    request = client.request()
    flow = client.send(browser, ada, _beside(request, request=unsigned(request)))
    assert flow.shown == []
    assert flow.callback is not None, flow.page.text
    authorization.comes_by_the_mode(flow.callback, client)
    assert flow.parameters["error"] == "request_not_supported"
    authorization.names_the_issuer(flow.parameters, client.op.issuer)
    assert "code" not in flow.parameters


@pytest.mark.parametrize("text", ["x", "a.b.c", "e30.W1tbXV1d.", "[" * 3000, "\ud800", '{"response_mode": []}'])
def test_request_object_that_is_none_is_refused_too(rp: RelyingParty, ada: Person, browser: Browser, text: str) -> None:
    """Whatever stands in `request` gets request_not_supported, by the query."""
    payload = base64.urlsafe_b64encode(text.encode(errors="replace")).rstrip(b"=").decode()
    for sent in (text.encode(errors="replace").decode(), f"eyJhbGciOiJub25lIn0.{payload}."):
        flow = rp.send(browser, ada, _beside(rp.request(), request=sent))
        assert flow.parameters["error"] == "request_not_supported"


@module(
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-request-uri-unsigned",
    "oidcc-request-uri-signed-rs256",
)
def test_request_uri_is_refused_by_its_own_error(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """A request object by reference gets request_uri_not_supported; its address is not fetched."""
    assert client.op.metadata()["request_uri_parameter_supported"] is False
    address = client.listener.url("/request.jwt")
    flow = client.send(browser, ada, _beside(client.request(), request_uri=address))
    assert flow.shown == []
    assert flow.parameters["error"] == "request_uri_not_supported"
    authorization.names_the_issuer(flow.parameters, client.op.issuer)
    assert "code" not in flow.parameters
    assert client.listener.at("/request.jwt") == []


@module("oidcc-ensure-request-object-with-redirect-uri")
def test_redirect_uri_beside_a_request_object_is_checked(client: RelyingParty, ada: Person, browser: Browser) -> None:
    """An unregistered redirect URI beside a request object with a good one gets a page, not the good one."""
    request = client.request()
    bad = _beside(request, request=unsigned(request), redirect_uri=f"{client.redirect_uri}_invalid")
    flow = client.send(browser, ada, bad)
    assert flow.shown == []
    authorization.ends_at_an_error_page(flow, "redirect")
