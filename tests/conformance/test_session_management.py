"""Session Management: what a client's pages learn of the sign-in, by the cookie and by the frame."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import chromium
from tests.conformance import real_browser, registration
from tests.conformance.browser import Browser
from tests.conformance.client import POST_LOGOUT, Person, RelyingParty
from tests.conformance.conditions import authorization, logout
from tests.conformance.listener import Listener
from tests.conformance.op import Op
from tests.conformance.plans import module
from tests.conformance.test_code_flow import complete
from tests.conformance.test_logout import asked, end_session

VERIFY, RP_FRAME, RESULT = "/session_verify", "/rp_session_iframe", "/session_result"


def is_unchanged(rp: RelyingParty, browser: Browser, session_state: str) -> bool:
    """Compute session_state from each cookie of the browser, as the provider's frame does (Session Management 3.2)."""
    _digest, _dot, salt = session_state.partition(".")
    for cookie in browser.session.cookies:
        text = f"{rp.application.client_id} {rp.listener.origin} {cookie.value} {salt}"
        if session_state == f"{hashlib.sha256(text.encode()).hexdigest()}.{salt}":
            # The frame is in another site's page, and its script reads the cookie (3.2, 5.1).
            assert cookie.secure
            rest = {name.lower(): value for name, value in cookie._rest.items()}  # type: ignore[attr-defined]  # not typed
            assert str(rest.get("samesite")).lower() == "none", rest
            assert "httponly" not in rest, rest
            return True
    return False


def test_session_state_follows_the_cookie(rp: RelyingParty, ada: Person, browser: Browser) -> None:
    """`session_state` matches the browser's cookie while signed in, and no cookie does after the logout."""
    flow = rp.authorize(browser, ada)
    token, _access_token = complete(rp, flow)
    session_state = flow.parameters["session_state"]
    assert is_unchanged(rp, browser, session_state)
    request = asked(rp, token)
    rp.listener.received.clear()
    end_session(rp, browser, **request)
    logout.comes_back_with(rp.listener.at(POST_LOGOUT), request["state"])
    assert not is_unchanged(rp, browser, session_state)
    silent = rp.authorize(browser, ada, prompt="none")
    authorization.fails(silent, rp, authorization.NEEDS_A_PAGE)


def test_frame_may_be_held_by_registered_pages_alone(rp: RelyingParty, provider: Op) -> None:
    """The frame is served to the client's page and to no other site's (Session Management 5.1)."""
    url = provider.endpoint("check_session_iframe")
    for page, may in ((f"{rp.listener.origin}/", True), ("https://elsewhere.example/", False)):
        answer = provider.call("GET", url, headers={"Referer": page})
        assert answer.status_code == 200
        assert "X-Frame-Options" not in answer.headers
        ancestors = answer.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split(";")[0]
        assert (rp.listener.origin in ancestors) is may, ancestors


def _pages(rp: RelyingParty, session_state: str) -> None:
    """Publish the client's page, which holds the provider's frame and a frame of its own that asks it (3.1)."""
    provider_frame = rp.op.endpoint("check_session_iframe")
    outer = f"<iframe id=op src={provider_frame}></iframe><iframe id=rp src={RP_FRAME}></iframe>"
    values = json.dumps([f"{rp.application.client_id} {session_state}", rp.op.issuer, RESULT])
    inner = f"""<script>
      const [message, issuer, result] = {values};
      addEventListener("message", (event) => {{
        if (event.origin === issuer) parent.location.href = result + "?state=" + event.data;
      }});
      const ask = () => parent.document.getElementById("op").contentWindow.postMessage(message, issuer);
      parent.document.readyState === "complete" ? ask() : parent.addEventListener("load", ask);
    </script>"""
    for path, body in ((VERIFY, outer), (RP_FRAME, inner), (RESULT, "<p>Done</p>")):
        rp.listener.pages[path] = ("text/html", f"<!doctype html><meta charset=utf-8><title>Client</title>{body}")


def _state(rp: RelyingParty, page: Any, session_state: str) -> str:
    _pages(rp, session_state)
    page.goto(f"{rp.listener.origin}{VERIFY}")
    page.wait_for_url(f"**{RESULT}?**")
    return rp.listener.at(RESULT)[-1].query["state"]


@pytest.mark.browser
@module("oidcc-session-management-rp-initiated-logout")
def test_frame_tells_of_the_logout(provider: Op, addresses: Listener, ada: Person) -> None:
    """In a real browser the frame says "unchanged" while signed in, and "changed" after the logout at the provider."""
    rp = registration.register(provider, addresses)
    addresses.received.clear()
    with chromium.launched() as running:
        page = real_browser.opened(running)
        flow = real_browser.authorize(rp, ada, page)
        session_state = flow.parameters["session_state"]
        assert _state(rp, page, session_state) == "unchanged"
        token, _access_token = complete(rp, flow)
        request = {
            "id_token_hint": token.text,
            "post_logout_redirect_uri": addresses.url(POST_LOGOUT),
            "state": "s" * 128,
        }
        page.goto(f"{provider.endpoint('end_session_endpoint')}?{urlencode(request)}")
        page.wait_for_url(f"{addresses.url(POST_LOGOUT)}?**")
        logout.comes_back_with(addresses.at(POST_LOGOUT), request["state"])
        assert _state(rp, page, session_state) == "changed"
