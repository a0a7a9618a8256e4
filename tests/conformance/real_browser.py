"""Chromium, for what a browser without a script can't show."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.conformance.client import CALLBACK, Flow, Person, RelyingParty

TIMEOUT_MS = 15_000


def opened(running: Any) -> Any:
    """Return a page of a new browser that takes the certificate of the tests for a good one."""
    page = running.new_context(ignore_https_errors=True, locale="en-US").new_page()
    page.set_default_timeout(TIMEOUT_MS)
    return page


def authorize(rp: RelyingParty, person: Person, page: Any) -> Flow:
    """Ask for an authorization; the person signs in and allows by the stable ids alone."""
    request = rp.request()
    page.goto(f"{rp.op.endpoint('authorization_endpoint')}?{urlencode(request)}")
    page.fill("#id_login", person.username)
    page.fill("#id_password", person.password)
    page.press("#id_password", "Enter")
    page.click("#allow")
    page.wait_for_url(f"{rp.redirect_uri}?**")
    return Flow(request, rp.listener.at(CALLBACK)[-1], ["login", "consent"], page)
