"""What holds for every answer of the front channel, whatever was sent."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.provider.driver import ISSUER
from tests.security.any_request import PRINTABLE

# RFC 6749 4.1.2.1, OpenID Core 3.1.2.6, RFC 8707 2, Unmet Authentication Requirements. server_error would be a fault.
CODES = {
    *("invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope"),
    *("interaction_required", "login_required", "account_selection_required", "consent_required"),
    *("invalid_request_uri", "invalid_request_object", "request_not_supported", "request_uri_not_supported"),
    *("registration_not_supported", "invalid_target", "unmet_authentication_requirements"),
}
MEMBERS = {"code", "state", "iss", "error", "error_description", "error_uri", "session_state"}
OURS = ("/o/authorize/", "/o/consent/", "/o/device/", "/o/logout/", "/accounts/")
PAGES = {200, 400, 403, 405, 410, 413, 429}


@dataclass
class _Found(HTMLParser):
    """Every place a page leads to by itself or by a button, and what its forms carry."""

    places: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.form = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = has.get("action", "")
            self.places.append(self.form)
        if "formaction" in has:
            self.places.append(has["formaction"])
        if tag == "meta" and has.get("http-equiv", "").lower() == "refresh":
            self.places.append(has.get("content", "").partition("url=")[2])
        if tag == "base" or any(name.startswith("on") for name in has):
            self.foreign.append(tag)
        if tag == "input" and has.get("name") and urlsplit(self.form).netloc:
            self.fields.setdefault(has["name"], []).append(has.get("value", ""))


def is_ours(place: str) -> bool:
    """Say whether an address leads to this site for every browser: they drop tabs and read backslashes as slashes."""
    if re.search(r"[\x00-\x20\\\x7f]", place) or place.startswith("//"):
        return False
    return not place or place.startswith(("/", "?", "#", f"{ISSUER}/"))


def check_front(answer: Any, *, redirect_uri: str, states: list[str], secrets: list[str]) -> dict[str, str] | None:
    """Check an answer; return the parameters the client is given, or ``None`` when it is given nothing."""
    text = answer.content.decode()
    heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    assert not [secret for secret in secrets if secret in text or secret in heads], "a secret is told"
    location = answer.headers.get("Location")
    if answer.status_code in {301, 302, 303}:
        assert not re.search(r"[\x00-\x20\x7f-\uffff]", location), location
        if is_ours(location):
            assert urlsplit(location).path.startswith(OURS), location
            following = parse_qs(urlsplit(location).query).get("next", ["/"])
            assert all(is_ours(place) and place.startswith("/") for place in following), location
            return None
        return _check_client(*_split(location), redirect_uri=redirect_uri, states=states)
    assert location is None
    return check_page(answer, redirect_uri=redirect_uri, states=states)


def check_page(answer: Any, *, redirect_uri: str, states: list[str]) -> dict[str, str] | None:
    """Check a page: where its forms lead; return what one of them posts to the client, if one does."""
    text = answer.content.decode()
    assert answer.status_code in PAGES, (answer.status_code, text[:500])
    found = _Found()
    if answer.headers.get("Content-Type", "").startswith("text/html") and text:
        assert "frame-ancestors" in answer["Content-Security-Policy"]
        found.feed(text)
    assert not found.foreign, found.foreign
    places = [place for place in found.places if not is_ours(place)]
    assert all(place == redirect_uri for place in places), places
    policy = answer.headers.get("Content-Security-Policy", "")
    allowed = re.findall(r"form-action ([^;]*)", policy)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(redirect_uri))
    assert all(set(sources.split()) <= {"'self'", "'none'", origin, redirect_uri} for sources in allowed), allowed
    if not found.fields:
        return None
    assert places == [redirect_uri]
    assert "no-store" in answer["Cache-Control"]
    return _check_client(redirect_uri, list(found.fields.items()), redirect_uri=redirect_uri, states=states)


def _split(location: str) -> tuple[str, list[tuple[str, list[str]]]]:
    address, _mark, query = location.partition("?")
    members: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=True):
        members.setdefault(name, []).append(value)
    return address, list(members.items())


def _check_client(
    address: str, members: list[tuple[str, list[str]]], *, redirect_uri: str, states: list[str]
) -> dict[str, str]:
    assert address == redirect_uri, address
    assert all(len(several) == 1 for _name, several in members), members
    told = {name: several[0] for name, several in members}
    assert told.keys() <= MEMBERS, told
    assert told.get("iss") == ISSUER, told
    assert ("code" in told) != ("error" in told), told
    if "error" in told:
        assert told["error"] in CODES, told
        assert told.get("error_description"), told
        assert PRINTABLE.match(told["error_description"]), told
    if len(states) == 1 and states[0]:
        assert told.get("state") == states[0], (told.get("state"), states[0])
    else:
        assert told.get("state") in {None, *states}, told
    return told
