"""The configuration that is documented for the suite's browser drives the pages there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import chromium
from tests.conformance import real_browser, registration, suite_browser
from tests.conformance.client import Person, RelyingParty
from tests.conformance.listener import Listener
from tests.conformance.op import Op

CALLBACK, POST_LOGOUT = "/test/a/alias/callback", "/test/a/alias/post_logout_redirect"
COMPLETE = "<!doctype html><title>Suite</title><p id=submission_complete>Received</p>"
Visit = Callable[..., list[str]]


def _client(provider: Op, addresses: Listener) -> RelyingParty:
    addresses.pages[CALLBACK] = addresses.pages[POST_LOGOUT] = ("text/html", COMPLETE)
    return registration.register(
        provider,
        addresses,
        redirect_uri=addresses.url(CALLBACK),
        post_logout_redirect_uris=[addresses.url(POST_LOGOUT)],
    )


def _sign_in(rp: RelyingParty, visit: Visit) -> str:
    """Go through the modules that sign in; return the last code."""
    back = ["Come back", "Verify Complete"]
    assert visit("oidcc-server") == ["Sign in", "Allow", *back]
    assert visit("oidcc-server", response_mode="form_post") == back
    assert visit("oidcc-prompt-login", prompt="login") == ["Sign in again", *back]
    asked = json.dumps({"userinfo": {"name": {"essential": True}}})
    assert visit("oidcc-claims-essential", claims=asked) == ["Allow", *back]
    return rp.listener.at(CALLBACK)[-1].parameters["code"]


@pytest.mark.browser
def test_documented_configuration_drives_the_pages(provider: Op, addresses: Listener, ada: Person) -> None:
    """Each kind of task in docs/conformance-suite.json is done: sign in, once more, allow, come back, agree, a page."""
    rp = _client(provider, addresses)
    settings = suite_browser.configuration(issuer=provider.issuer, username=ada.username, password=ada.password)
    with chromium.launched() as running:
        page = real_browser.opened(running)

        def visit(module: str, endpoint: str = "authorization_endpoint", **changes: str | None) -> list[str]:
            request: dict[str, Any] = rp.request(**changes) if endpoint == "authorization_endpoint" else changes
            url = f"{provider.endpoint(endpoint)}?{urlencode(request)}"
            return suite_browser.visit(page, url, suite_browser.entries_for(settings, module))

        body = rp.redeem(_sign_in(rp, visit)).body
        assert rp.userinfo(body["access_token"]).body["name"] == "Ada Lovelace"
        unregistered = addresses.url("/nowhere")
        ends = ["A page of the provider"]
        assert visit("oidcc-ensure-registered-redirect-uri", redirect_uri=unregistered) == ends
        after = {"endpoint": "end_session_endpoint", "post_logout_redirect_uri": addresses.url(POST_LOGOUT)}
        for module in ("no-id-token-hint", "bad-id-token-hint"):
            assert visit(f"oidcc-rp-initiated-logout-{module}", **after, id_token_hint="x.y.z") == ends
        done = visit("oidcc-rp-initiated-logout", **after, id_token_hint=body["id_token"], state="s1")
        assert done[-2:] == ["Come back", "Verify Complete"]
        assert visit("oidcc-server")[:1] == ["Sign in"]
        assert visit("oidcc-rp-initiated-logout-no-params", endpoint="end_session_endpoint") == ends
