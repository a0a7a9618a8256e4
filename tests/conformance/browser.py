"""The simplest browser that can sign a person in: it finds fields and buttons by their ids, and runs no script."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

MAX_STEPS = 20
SILENT = {"reset", "button", "image", "file"}


@dataclass
class Control:
    """A field or a button of a form."""

    kind: str
    id: str
    name: str
    value: str
    is_checked: bool = False


@dataclass
class Form:
    """A form of a page, and what stands in it."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    def sent(self, button: Control | None) -> dict[str, list[str]]:
        """Return what the form sends when `button` is pressed."""
        data: dict[str, list[str]] = {}
        for control in self.controls:
            if not control.name or control.kind in SILENT:
                continue
            if control.kind in {"checkbox", "radio"} and not control.is_checked:
                continue
            if control.kind == "submit" and control is not button:
                continue
            data.setdefault(control.name, []).append(control.value)
        return data

    def submit_button(self) -> Control | None:
        """Return the button that the Enter key presses."""
        return next((control for control in self.controls if control.kind == "submit"), None)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self.frames: list[str] = []
        self.links: dict[str, str] = {}
        self.pictures: list[str] = []
        self.refresh = ""
        self.language = ""
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.ids.add(has.get("id", ""))
        if tag == "html":
            self.language = has.get("lang", "")
        elif tag == "form":
            self._open = Form(has.get("action", ""), has.get("method", "get").upper())
            self.forms.append(self._open)
        elif tag == "iframe" and has.get("src"):
            self.frames.append(has["src"])
        elif tag == "img":
            self.pictures.append(has.get("src", ""))
        elif tag == "a":
            self.links[has.get("id") or has.get("href", "")] = has.get("href", "")
        elif tag == "meta" and has.get("http-equiv", "").lower() == "refresh":
            self.refresh = has.get("content", "").partition("=")[2].strip("'\" ")
        elif self._open is not None and tag in {"input", "button", "textarea", "select"}:
            kind = has.get("type", "submit" if tag == "button" else "text")
            value = has.get("value", "on" if kind in {"checkbox", "radio"} else "")
            control = Control(kind, has.get("id", ""), has.get("name", ""), value, "checked" in has)
            if not has.get("form"):
                self._open.controls.append(control)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


@dataclass
class Page:
    """What the browser shows."""

    url: str
    status: int
    text: str
    headers: Any
    reader: Any

    def has(self, element: str) -> bool:
        """Tell whether there is an element of this id."""
        return element in self.reader.ids

    def form_with(self, element: str) -> tuple[Form, Control]:
        """Return the form an element of this id stands in, and the element."""
        for form in self.reader.forms:
            for control in form.controls:
                if control.id == element:
                    return form, control
        raise AssertionError(f"no #{element} in a form at {self.url}:\n{self.text[:2000]}")

    def form_elsewhere(self) -> Form | None:
        """Return the form that leads to another site, as that of form_post does."""
        here = urlsplit(self.url).netloc
        return next((form for form in self.reader.forms if urlsplit(form.action).netloc not in {"", here}), None)


class Browser:
    """One person's browser: cookies, one page, the pages that asked the person something, and other sites' frames."""

    def __init__(self, bundle: Path) -> None:
        self.session = requests.Session()
        self.bundle = str(bundle)
        self.session.headers.update({"Accept-Language": "en", "Accept": "text/html"})
        self.page = Page("about:blank", 0, "", {}, _Reader())
        self.shown: list[str] = []
        self.visited: list[str] = []
        self.framed: list[tuple[str, requests.Response]] = []

    def close(self) -> None:
        """Let go of the connections: a thread of the server waits at each."""
        self.session.close()

    def open(self, url: str) -> Page:
        """Go to an address as a link does."""
        return self._go("GET", url)

    def post(self, url: str, data: dict[str, Any]) -> Page:
        """Post a form of another site's: only cookies with SameSite=None go along."""
        return self._go("POST", url, data=data, origin="https://elsewhere.example")

    def fill(self, element: str, text: str) -> None:
        """Write into the field of this id."""
        self.page.form_with(element)[1].value = text

    def tick(self, name: str) -> None:
        """Tick every box of this name."""
        for form in self.page.reader.forms:
            for control in form.controls:
                control.is_checked |= control.kind == "checkbox" and control.name == name

    def click(self, element: str) -> Page:
        """Press the button of this id."""
        form, button = self.page.form_with(element)
        return self.submit(form, button)

    def press(self, name: str, value: str) -> Page:
        """Press the button that sends this."""
        for form in self.page.reader.forms:
            for control in form.controls:
                if (control.kind, control.name, control.value) == ("submit", name, value):
                    return self.submit(form, control)
        raise AssertionError(f"no button {name}={value} at {self.page.url}: {self.page.text[:2000]}")

    def press_enter(self, element: str) -> Page:
        """Press the Enter key in the field of this id."""
        form, _field = self.page.form_with(element)
        return self.submit(form, form.submit_button())

    def submit(self, form: Form, button: Control | None) -> Page:
        """Send a form of the page."""
        url = urljoin(self.page.url, form.action)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url))
        return self._go(form.method, url, data=form.sent(button), origin=origin)

    def _go(self, method: str, url: str, *, data: Any = None, origin: str = "") -> Page:
        for _step in range(MAX_STEPS):
            answer = self._send(method, url, data, origin)
            self.visited.append(url)
            if not answer.is_redirect:
                return self._show(url, answer)
            method, data = ("GET", None) if answer.status_code in {301, 302, 303} else (method, data)
            url = urljoin(url, answer.headers["Location"])
        raise AssertionError(f"redirected round and round to {url}")

    def _send(self, method: str, url: str, data: Any, origin: str) -> Any:
        options: dict[str, Any] = {"allow_redirects": False, "timeout": 20, "verify": self.bundle}
        if method != "POST":
            return self.session.request(method, url, params=data, **options)
        options |= {"data": data, "headers": {"Origin": origin, "Referer": f"{origin}/"}}
        if url.startswith(f"{origin}/"):
            return self.session.request(method, url, **options)
        # A form of another site's: cookies of SameSite=Lax or Strict stay at home (RFC 6265bis 5.2).
        with requests.Session() as elsewhere:
            elsewhere.headers = self.session.headers
            self._copy_cookies(elsewhere)
            answer = elsewhere.request(method, url, **options)
            for cookie in elsewhere.cookies:
                self.session.cookies.set_cookie(cookie)
            return answer

    def _load_frame(self, page: str, url: str) -> None:
        """Load a page within a page: of another host, it has cookies of SameSite=None alone (RFC 6265bis 5.2)."""
        if urlsplit(page).hostname == urlsplit(url).hostname:
            self._send("GET", url, None, "")
            return
        with requests.Session() as elsewhere:
            elsewhere.headers = self.session.headers
            self._copy_cookies(elsewhere)
            self.framed.append((url, elsewhere.get(url, timeout=20, verify=self.bundle)))

    def _copy_cookies(self, elsewhere: requests.Session) -> None:
        for cookie in self.session.cookies:
            if str(cookie._rest.get("SameSite", "")).lower() == "none":  # type: ignore[attr-defined]  # not typed
                elsewhere.cookies.set_cookie(cookie)

    def _show(self, url: str, answer: Any) -> Page:
        reader = _Reader()
        if "html" in answer.headers.get("Content-Type", ""):
            reader.feed(answer.text)
        self.page = page = Page(url, answer.status_code, answer.text, answer.headers, reader)
        for source in reader.frames:
            self._load_frame(url, urljoin(url, source))
        if reader.refresh:
            return self._go("GET", urljoin(url, reader.refresh))
        if (form := page.form_elsewhere()) is not None and not page.has("id_password") and not page.has("allow"):
            return self.submit(form, form.submit_button())
        return page
