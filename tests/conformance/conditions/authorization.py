"""The authorization response (OpenID Core 3.1.2.5, 3.1.2.6; OAuth 2.0 Form Post Response Mode; RFC 9207)."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.client import Flow, RelyingParty
from tests.conformance.conditions import texts
from tests.conformance.listener import Received

ERROR_PARAMETERS = {"error", "error_description", "error_uri", "state", "session_state", "iss"}
NEEDS_A_PAGE = {"interaction_required", "login_required", "account_selection_required", "consent_required"}


def comes_by_the_mode(received: Received, rp: RelyingParty) -> None:
    """A form_post answer is a posted form with nothing in the query (Form Post 2); any other a GET."""
    if not rp.form_post:
        assert received.method == "GET", received
        return
    assert received.method == "POST", f"{received.method} {received.query}"
    # Exactly this, without a charset: the suite compares the whole header.
    assert received.headers.get("content-type") == "application/x-www-form-urlencoded", received.headers
    for name in ("code", "error"):
        assert name not in received.query, f"{name} in the query: {received.query}"


def keeps_the_registered_query(received: Received, redirect_uri: str) -> None:
    """The redirect URI's own query parameters are there still (RFC 6749 3.1.2)."""
    for name, value in parse_qsl(urlsplit(redirect_uri).query):
        assert received.query.get(name) == value, (received.query, redirect_uri)


def names_the_issuer(parameters: dict[str, str], issuer: str) -> None:
    """`iss` is the issuer (RFC 9207 2); the suite accepts its absence, our metadata promises it."""
    assert parameters.get("iss") == issuer, parameters


def returns_the_state(flow: Flow) -> None:
    """`state` is what was sent, and absent where none was (OpenID Core 3.1.2.5, RFC 6749 4.1.2)."""
    assert flow.parameters.get("state") == flow.request.get("state"), (flow.request, flow.parameters)


def succeeds(flow: Flow, rp: RelyingParty) -> str:
    """Demand everything that a successful response has; return the code."""
    parameters = flow.parameters
    assert flow.callback is not None, "no callback"
    comes_by_the_mode(flow.callback, rp)
    keeps_the_registered_query(flow.callback, rp.redirect_uri)
    names_the_issuer(parameters, rp.op.issuer)
    assert not parameters.get("error"), f"an error instead of a code: {parameters}"
    returns_the_state(flow)
    assert parameters.get("code"), parameters
    return parameters["code"]


def fails(flow: Flow, rp: RelyingParty, errors: Collection[str]) -> None:
    """Demand everything that an error response has, and one of these errors (OpenID Core 3.1.2.6)."""
    parameters = flow.parameters
    assert flow.callback is not None, "no callback"
    comes_by_the_mode(flow.callback, rp)
    returns_the_state(flow)
    names_the_issuer(parameters, rp.op.issuer)
    texts.error_is_well_formed(parameters)
    assert "code" not in parameters, f"a code beside an error: {parameters}"
    own = {name for name, _value in parse_qsl(urlsplit(rp.redirect_uri).query)}
    assert set(parameters) - own <= ERROR_PARAMETERS, f"unexpected parameters: {parameters}"
    assert parameters["error"] in errors, f"{parameters['error']!r} is none of {sorted(errors)}"


def ends_at_an_error_page(flow: Flow, *words: str) -> None:
    """The provider shows a page that says what is wrong, and sends nobody anywhere (OpenID Core 3.1.2.6)."""
    assert flow.callback is None, f"redirected to the client: {flow.callback}"
    assert 400 <= flow.page.status < 500, (flow.page.status, flow.page.url)
    assert flow.page.url.startswith("https://localhost:"), flow.page.url
    for word in words:
        assert word.lower() in flow.page.text.lower(), f"the page does not say {word!r}: {flow.page.text[:3000]}"
