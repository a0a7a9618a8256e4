"""Drive a real Chromium that can reach nothing but this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests import machine
from tests.outside import is_loopback

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # The browser's own services have no business in a test either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
]


class Visit:
    """One person's browser: a context with its own cookies, its pages, and what they complained about."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        self.page = context.new_page()

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and not is_loopback(parts.hostname):
            self.complaints.append(f"a page asked another machine for {request.url}")

    def _console(self, message: Any) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.complaints.append(f"refused by the content security policy at {message.page.url}: {message.text}")
        # That a page itself is an error page is no fault of it; what it asked for is looked at in _response.
        elif message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"an error on the console at {message.page.url}: {message.text}")

    def _response(self, response: Any) -> None:
        if response.status >= 400 and response.request.resource_type not in {"document", "fetch"}:
            self.complaints.append(f"{response.status} for {response.url}, which a page asked for")


@contextmanager
def launched() -> Iterator[Any]:
    """Start Chromium and yield Playwright's browser."""
    from playwright.sync_api import sync_playwright  # only browser tests need it installed

    executable = machine.chromium()
    # Playwright's synchronous interface keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            yield browser
            browser.close()
    finally:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
