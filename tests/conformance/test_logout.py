"""RP-Initiated Logout, Back-Channel Logout and Front-Channel Logout."""

from __future__ import annotations

import base64
import secrets
import time
from urllib.parse import urlencode

import jwt
import pytest

from tests import chromium
from tests.conformance import real_browser, registration
from tests.conformance.browser import Browser, Page
from tests.conformance.client import POST_LOGOUT, Flow, IdToken, Person, RelyingParty
from tests.conformance.conditions import authorization, logout
from tests.conformance.listener import Listener
from tests.conformance.op import Op
from tests.conformance.plans import module
from tests.conformance.test_code_flow import complete

BACK_CHANNEL, FRONT_CHANNEL = "/backchannel_logout", "/frontchannel_logout"


@pytest.fixture
def signed_in(rp: RelyingParty, ada: Person, browser: Browser) -> IdToken:
    """Sign the person in at the suite's client; return the ID token. What came to the client before is forgotten."""
    return sign_in(rp, ada, browser)


def sign_in(rp: RelyingParty, ada: Person, browser: Browser) -> IdToken:
    """Sign in, redeem the code, and forget what came to the client."""
    token, _access_token = complete(rp, rp.authorize(browser, ada, state=secrets.token_urlsafe(93)))
    rp.listener.received.clear()
    return token


def end_session(rp: RelyingParty, browser: Browser, **parameters: str | None) -> Page:
    """Send the browser to the end session endpoint, by GET as the suite does."""
    sent = {name: value for name, value in parameters.items() if value is not None}
    url = rp.op.endpoint("end_session_endpoint")
    return browser.open(f"{url}?{urlencode(sent)}" if sent else url)


def asked(rp: RelyingParty, token: IdToken, **changes: str | None) -> dict[str, str | None]:
    """Return the suite's logout request, with a long state, changed."""
    return {
        "id_token_hint": token.text,
        "post_logout_redirect_uri": rp.listener.url(POST_LOGOUT),
        "state": secrets.token_urlsafe(90) + "-._~",
    } | changes


def is_signed_out(rp: RelyingParty, ada: Person, browser: Browser) -> None:
    """`prompt=none` says that a page would be needed: nobody is signed in any more."""
    flow = rp.authorize(browser, ada, prompt="none", state=secrets.token_urlsafe(90) + "-._~")
    assert flow.shown == []
    authorization.fails(flow, rp, authorization.NEEDS_A_PAGE)


def stays_here(rp: RelyingParty, page: Page) -> None:
    """The provider shows an error or a question of its own, and sends nobody to the client."""
    assert page.url.startswith(rp.op.issuer), page.url
    assert rp.listener.received == [], rp.listener.received
    assert page.status == 400 or "sign_out" in page.text, (page.status, page.text[:1000])


@module("oidcc-rp-initiated-logout")
def test_logout_comes_back_with_the_state(rp: RelyingParty, ada: Person, browser: Browser, signed_in: IdToken) -> None:
    """With hint, address and state the person is signed out and comes back with the state and nothing else."""
    request = asked(rp, signed_in)
    end_session(rp, browser, **request)
    logout.comes_back_with(rp.listener.at(POST_LOGOUT), request["state"])
    is_signed_out(rp, ada, browser)


@module("oidcc-rp-initiated-logout-no-state")
def test_logout_without_state_comes_back_without(
    rp: RelyingParty, ada: Person, browser: Browser, signed_in: IdToken
) -> None:
    """Without state the person is signed out and comes back with no parameter at all."""
    end_session(rp, browser, **asked(rp, signed_in, state=None))
    logout.comes_back_with(rp.listener.at(POST_LOGOUT), None)
    is_signed_out(rp, ada, browser)


@module("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri")
def test_logout_to_an_unregistered_address_stays_here(rp: RelyingParty, browser: Browser, signed_in: IdToken) -> None:
    """An address that is not registered is not gone to; the page says so."""
    bad = rp.listener.url("/bad_post_logout_redirect_uri")
    stays_here(rp, end_session(rp, browser, **asked(rp, signed_in, post_logout_redirect_uri=bad)))


@module("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri")
def test_logout_to_an_address_with_a_query_added_stays_here(
    rp: RelyingParty, browser: Browser, signed_in: IdToken
) -> None:
    """The registered address with `?foo=bar` is another one, and not gone to."""
    added = rp.listener.url(f"{POST_LOGOUT}?foo=bar")
    stays_here(rp, end_session(rp, browser, **asked(rp, signed_in, post_logout_redirect_uri=added)))


@module("oidcc-rp-initiated-logout-modified-id-token-hint")
def test_logout_with_an_unsigned_hint_stays_here(rp: RelyingParty, browser: Browser, signed_in: IdToken) -> None:
    """The hint with its header changed to `alg: none` and no signature sends nobody anywhere."""
    header = base64.urlsafe_b64encode(b'{"alg": "none"}').rstrip(b"=").decode()
    unsigned = f"{header}.{signed_in.text.split('.')[1]}."
    stays_here(rp, end_session(rp, browser, **asked(rp, signed_in, id_token_hint=unsigned)))


@module("oidcc-rp-initiated-logout-bad-id-token-hint")
def test_logout_with_a_foreign_hint_stays_here(rp: RelyingParty, browser: Browser, signed_in: IdToken) -> None:
    """A hint that the client has signed itself sends nobody anywhere."""
    now = int(time.time())
    claims = {"iss": rp.application.client_id, "sub": "SubjectID", "aud": rp.op.issuer, "nonce": "flibble"}
    forged = jwt.encode(claims | {"iat": now, "exp": now + 300}, rp.secret, algorithm="HS256")
    stays_here(rp, end_session(rp, browser, **asked(rp, signed_in, id_token_hint=forged)))


@module("oidcc-rp-initiated-logout-no-id-token-hint")
def test_logout_without_a_hint_stays_here(rp: RelyingParty, browser: Browser, signed_in: IdToken) -> None:
    """An address without a hint is not gone to."""
    stays_here(rp, end_session(rp, browser, **asked(rp, signed_in, id_token_hint=None)))


def _ends_at_our_page(rp: RelyingParty, ada: Person, browser: Browser, page: Page) -> None:
    """Agree, where the provider asks; the person is signed out, at a page of ours that says so."""
    if "sign_out" in page.text:
        page = browser.press("decision", "sign_out")
    assert page.status == 200, page.text[:1000]
    assert page.url.startswith(rp.op.issuer), page.url
    assert "signed out" in page.text, page.text[:3000]
    assert rp.listener.received == [], rp.listener.received
    is_signed_out(rp, ada, browser)


@module("oidcc-rp-initiated-logout-no-params")
def test_logout_without_parameters_signs_out(
    rp: RelyingParty, ada: Person, browser: Browser, signed_in: IdToken
) -> None:
    """With no parameter the person is asked, signed out, and told so here."""
    _ends_at_our_page(rp, ada, browser, end_session(rp, browser))


@module("oidcc-rp-initiated-logout-only-state")
def test_logout_with_a_state_alone_signs_out(
    rp: RelyingParty, ada: Person, browser: Browser, signed_in: IdToken
) -> None:
    """With a state alone the person is asked, signed out, and told so here."""
    _ends_at_our_page(rp, ada, browser, end_session(rp, browser, state="only-a-state"))


@module("oidcc-rp-initiated-logout-no-post-logout-redirect-uri")
def test_logout_without_an_address_signs_out(
    rp: RelyingParty, ada: Person, browser: Browser, signed_in: IdToken
) -> None:
    """With a hint and no address the person is signed out and told so here."""
    page = end_session(rp, browser, **asked(rp, signed_in, post_logout_redirect_uri=None))
    _ends_at_our_page(rp, ada, browser, page)


@module("oidcc-backchannel-rp-initiated-logout")
def test_logout_tells_the_client_by_the_back_channel(
    provider: Op, addresses: Listener, ada: Person, browser: Browser
) -> None:
    """The client's server gets one signed logout token about this session; the browser comes back with the state."""
    from provider_site.services import outbox

    rp = registration.register(provider, addresses, backchannel_logout_uri=addresses.url(BACK_CHANNEL))
    first = sign_in(rp, ada, browser)
    assert first.claims["sid"]
    keys, request = provider.jwks(), asked(rp, first)
    end_session(rp, browser, **request)
    assert outbox.deliver_due()  # as the worker does
    logout.tells_of_the_end(logout.token_of(addresses.at(BACK_CHANNEL)), first, rp, keys)
    logout.comes_back_with(addresses.at(POST_LOGOUT), request["state"])
    is_signed_out(rp, ada, browser)


def _frame_then_address(rp: RelyingParty, first: IdToken, state: str | None) -> None:
    """Demand that the frame was loaded, and that the browser came back after it."""
    logout.frame_names_the_session(rp.listener.at(FRONT_CHANNEL), first, rp)
    logout.comes_back_with(rp.listener.at(POST_LOGOUT), state)
    paths = [came.path for came in rp.listener.received]
    assert paths.index(FRONT_CHANNEL) < paths.index(POST_LOGOUT), paths


@module("oidcc-frontchannel-rp-initiated-logout")
def test_logout_loads_the_client_s_frame(provider: Op, addresses: Listener, ada: Person, browser: Browser) -> None:
    """Without a script the page loads the client's frame with iss and sid, and a link leads back with the state."""
    rp = registration.register(provider, addresses, frontchannel_logout_uri=addresses.url(FRONT_CHANNEL))
    first = sign_in(rp, ada, browser)
    request = asked(rp, first)
    page = end_session(rp, browser, **request)
    if not addresses.at(POST_LOGOUT):
        browser.open(page.reader.links["go-on"])
    _frame_then_address(rp, first, request["state"])
    is_signed_out(rp, ada, browser)


@pytest.mark.browser
@module("oidcc-frontchannel-rp-initiated-logout")
def test_browser_loads_the_frame_and_comes_back(provider: Op, addresses: Listener, ada: Person) -> None:
    """A real browser loads the frame and comes back by itself, as the suite waits for it; nobody is signed in then."""
    rp = registration.register(provider, addresses, frontchannel_logout_uri=addresses.url(FRONT_CHANNEL))
    with chromium.launched() as running:
        page = real_browser.opened(running)
        flow = real_browser.authorize(rp, ada, page)
        first, _access_token = complete(rp, flow)
        addresses.received.clear()
        request = asked(rp, first)
        page.goto(f"{provider.endpoint('end_session_endpoint')}?{urlencode(request)}")
        page.wait_for_url(f"{addresses.url(POST_LOGOUT)}?**")
        _frame_then_address(rp, first, request["state"])
        silent = rp.request(prompt="none")
        page.goto(f"{provider.endpoint('authorization_endpoint')}?{urlencode(silent)}")
        authorization.fails(Flow(silent, addresses.received[-1], [], page), rp, authorization.NEEDS_A_PAGE)
