"""A person at the provider's own pages over real HTTP: reads the forms that are there and sends them back."""

import threading
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

SUBMITS = {"submit", "button", "image", "reset"}


class Form:
    """One form of a page: where it goes, and what it would send untouched."""

    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method.lower()
        self.fields: list[tuple[str, str]] = []
        self.choices: set[tuple[str, str]] = set()
        self.buttons: set[tuple[str, str]] = set()

    def names(self) -> set[str]:
        """Return the names of all its fields."""
        return {name for name, _value in [*self.fields, *self.choices, *self.buttons]}


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(has.get("action", ""), has.get("method", "get")))
        elif self.forms and has.get("name") and tag in {"input", "button", "textarea"}:
            self._field(self.forms[-1], tag, has, "checked" in has)

    @staticmethod
    def _field(form: Form, tag: str, has: dict[str, str], checked: bool) -> None:
        kind = has.get("type", "submit" if tag == "button" else "text")
        field = (has["name"], has.get("value", "on" if kind in {"checkbox", "radio"} else ""))
        if kind in SUBMITS:
            form.buttons.add(field)
        elif kind in {"checkbox", "radio"}:
            form.choices.add(field)
            if checked:
                form.fields.append(field)
        else:
            form.fields.append(field)


def forms(page: Any) -> list[Form]:
    """Return the forms of a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


class Person:
    """A browser without JavaScript, and who sits at it."""

    def __init__(self, username: str, password: str) -> None:
        self.username, self.password = username, password
        self.session = requests.Session()
        self.page: Any = None
        # Threads of other servers, which live on: a session's provider may wait for its next request all day.
        self.strangers = frozenset(threading.enumerate())

    def leave(self) -> None:
        """Close the browser, and wait for the server's threads: each holds a connection of the database."""
        self.page = None  # it would keep its connection
        self.session.close()
        for thread in set(threading.enumerate()) - self.strangers:
            if "process_request_thread" in thread.name:
                thread.join(5)

    def authorize(self, address: str, *, allow: tuple[str, ...]) -> str:
        """Open a client's authorization address, sign in and allow; return the client's address one is sent to."""
        away = self._go("get", address)
        if away is None and "/accounts/login/" in self.page.url:
            away = self._submit("password", login=self.username, password=self.password)
        if away is None:
            away = self._submit("decision", choose={("scope", name) for name in allow}, press=("decision", "allow"))
        if away is None:  # the answer is a form whose script sends it (response_mode=form_post)
            away = next((form.action for form in forms(self.page) if form.action.startswith("https://")), None)
        assert away is not None, self.page.text[:3000]
        return away

    def allow_device(self, address: str, *, allow: tuple[str, ...]) -> None:
        """Open the address a device shows, compare its code, sign in and allow."""
        self._go("get", address)
        if "/accounts/login/" in self.page.url:
            self._submit("password", login=self.username, password=self.password)
        self._submit("user_code")
        self._submit("answer", press=("answer", "yes"))
        self._submit("decision", choose={("scope", name) for name in allow}, press=("decision", "allow"))

    def sign_out_at(self, address: str) -> str | None:
        """Follow an application's address for signing out; return where one is sent, ``None`` where a page is shown."""
        return self._go("get", address)

    def _submit(
        self, having: str, *, choose: set[tuple[str, str]] = frozenset(), press: Any = None, **typed: str
    ) -> str | None:  # fmt: skip
        """Send the page's form that has a field called `having`."""
        form = next((form for form in forms(self.page) if having in form.names()), None)
        assert form is not None, f"no form with {having!r} at {self.page.url}: {self.page.text[:3000]}"
        assert choose <= form.choices, (choose, form.choices)
        assert press is None or press in form.buttons, form.buttons
        sent = [field for field in form.fields if field[0] not in typed] + list(typed.items()) + sorted(choose)
        return self._go(form.method, urljoin(self.page.url, form.action), data=[*sent, *([press] if press else [])])

    def _go(self, method: str, address: str, **request: Any) -> str | None:
        """Follow redirects within the site; return the first address outside it, or None where a page is shown."""
        site = urlsplit(address).netloc
        request["headers"] = {"Referer": self.page.url, "Origin": f"http://{site}"} if self.page is not None else {}
        for _redirect in range(10):
            self.page = self.session.request(method, address, allow_redirects=False, timeout=20, **request)
            if not self.page.is_redirect:
                assert self.page.status_code == 200, (self.page.status_code, self.page.url, self.page.text[:3000])
                return None
            address = urljoin(address, self.page.headers["Location"])
            method, request = "get", {}
            if urlsplit(address).netloc != site:
                return address
        raise AssertionError(f"redirected round and round to {address}")
