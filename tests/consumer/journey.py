"""One sign-in at the house, step by step."""

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.test import Client

from tests.consumer.openid_provider import OpenIDProvider

HOST = "127.0.0.1:8000"
LOGIN = "/accounts/house/login/"
CALLBACK = "/accounts/house/login/callback/"


class Journey:
    """A person's way from the consumer to the provider and back."""

    def __init__(self, house: OpenIDProvider, visitor: Client, *, login: str = LOGIN) -> None:
        self.house = house
        self.visitor = visitor
        self.login = login

    def start(self, **form: str) -> Any:
        """Press the button; return the consumer's response."""
        return self.visitor.post(self.login, form)

    def leave(self, **form: str) -> str:
        """Press the button and return the provider's address that the browser is sent to."""
        response = self.start(**form)
        assert response.status_code == 302, response.content.decode()
        return str(response["Location"])

    def come_back(self, address: str) -> Any:
        """Open the callback's address."""
        parts = urlsplit(address)
        assert parts.netloc == HOST
        return self.visitor.get(f"{parts.path}?{parts.query}")

    def sign_in(self, *, error: str = "", form: dict[str, str] | None = None, **extra: str) -> Any:
        """Go all the way; return the callback's response."""
        return self.come_back(self.house.authorize(self.leave(**(form or {})), error=error, **extra))


def query_of(address: str) -> dict[str, str]:
    """Return an address's query."""
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def is_signed_in(visitor: Client) -> bool:
    """Return whether the browser's session has a user."""
    return "_auth_user_id" in visitor.session


def assert_error_page(response: Any, status: int, *words: str) -> None:
    """Check that a response is the page about a failed sign-in, with a reference and a way on."""
    text = response.content.decode()
    assert response.status_code == status, (response.status_code, text)
    assert "Reference:" in text, text
    assert "/accounts/login/" in text, text
    for word in words:
        assert word in text, (word, text)


def sign_in_as(visitor: Client, person: Any, *, recently: bool = False) -> None:
    """Give the browser a session of the consumer's, without a sign-in, or as if there had been one just `recently`."""
    if settings.SESSION_ENGINE != "project.sessions":
        visitor.force_login(person)
    else:
        from project.sessions import acting_site

        with acting_site("consumer"):
            visitor.force_login(person)
    if recently:
        session = visitor.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session["account_authentication_methods_user"] = str(person.pk)
        session.save()
