"""One sign-in at QQ, step by step."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

LOGIN = "/accounts/qq/login/"
CALLBACK = "/accounts/qq/login/callback/"
CODE = "9A5F0C1B2D3E4F5061728394A5B606AF"


def leave(browser: Client, **form: str) -> str:
    """Press QQ's button; return the state that went along."""
    response = browser.post(LOGIN, form)
    assert response.status_code == 302, response.content.decode()
    return parse_qs(urlsplit(response["Location"]).query)["state"][0]


def come_back(browser: Client, **query: str) -> Any:
    """Open the callback's address."""
    return browser.get(CALLBACK, query)


def sign_in(browser: Client, **form: str) -> Any:
    """Go all the way; return the callback's response."""
    return come_back(browser, code=CODE, state=leave(browser, **form))
