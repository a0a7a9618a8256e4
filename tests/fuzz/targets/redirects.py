"""Redirect URIs: which may be registered, which requested one matches, and where an answer is sent."""

import re
from ipaddress import ip_address

from django.test import RequestFactory

from provider_site.policy import redirect
from provider_site.policy.logout import with_query
from provider_site.protocol.authorize.answers import to_client
from tests.fuzz.target import Target, lines, pure

# RFC 3986 appendix B, and nothing of the library that the matcher itself uses.
_PARTS = re.compile(r"(?s)(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
# What a browser lets stand in a source of a content security policy, and no separator.
_SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:(//[A-Za-z0-9._-]+(:[0-9]+)?)?\Z")
_REQUEST = RequestFactory(headers={"host": "localhost:8000"}).get("/o/authorize/")


def _authority(uri: str) -> tuple[str, str, str]:
    """Return user information, host and port as a browser reads them: it takes a backslash for a slash."""
    found = _PARTS.match(uri.replace("\\", "/"))
    user, _at, place = (found[2] or "").rpartition("@")
    host, port = re.fullmatch(r"(?s)(\[.*?\]|[^:]*)(?::?)(.*)", place).groups()
    return user, host.lower(), port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def match(data: bytes) -> None:
    """Match one requested address with registered ones, as an application registers them."""
    requested, *registered = lines(data, 4)
    registered = [uri for uri in registered if uri and redirect.refusal(uri) is None]
    if not redirect.matches(requested, registered):
        assert requested not in registered
        return
    ours = _PARTS.match(requested)
    same = [uri for uri in registered if _authority(uri)[1] == _authority(requested)[1]]
    assert same, f"{requested!r} leads to another host than {registered!r}"
    for uri in same:
        theirs = _PARTS.match(uri)
        # Scheme, path, query and fragment are the same, and of a name the port too.
        if ours.group(1, 3, 4, 5) == theirs.group(1, 3, 4, 5) and (ours[2] or "") == (theirs[2] or ""):
            return
        user, host, port = _authority(requested)
        is_own_port = not user and _is_loopback(host) and ours[1] == "http" and port.isascii() and port.isdigit()
        if ours.group(1, 3, 4, 5) == theirs.group(1, 3, 4, 5) and is_own_port and 0 < int(port) < 65536:
            return
    raise AssertionError(f"{requested!r} is none of {registered!r}")


def register(data: bytes) -> None:
    """Judge an address; where it may be registered, answer to it, and look where the answer goes."""
    uri, state = lines(data, 2)
    if redirect.refusal(uri) is not None:
        return
    user, host, _port = _authority(uri)
    parts = _PARTS.match(uri)
    assert not user, uri
    assert uri.isascii(), uri
    assert uri.isprintable(), uri
    assert parts[5] is None, uri
    scheme = parts[1].lower()
    if scheme == "https":
        assert host, uri
    elif scheme == "http":
        assert host == "localhost" or _is_loopback(host), uri
    else:
        assert "." in scheme, uri
        assert not parts[2], uri
    assert _SOURCE.match(redirect.origin(uri)), redirect.origin(uri)
    assert redirect.matches(uri, [uri])
    redirect.display_host(uri)
    redirect.is_native(uri)
    location = to_client(_REQUEST, uri, {"code": "c0de", "state": state})["Location"]
    _same_place(uri, location)
    _same_place(uri, with_query(uri, {"state": state}))


def _same_place(uri: str, location: str) -> None:
    assert location.startswith(uri.partition("?")[0]), location
    before, after = _PARTS.match(uri), _PARTS.match(location)
    assert before[1].lower() == after[1].lower(), location
    assert (before[2] or "") == (after[2] or ""), location
    assert (before[3] or "/") == (after[3] or "/"), location
    assert not re.search(r"[\x00-\x20\x7f-\U0010ffff]", location), location


TARGETS = [
    Target(
        "redirect_match",
        pure(match),
        "redirect_uri and post_logout_redirect_uri against what is registered",
        "a match has scheme, host, port, path and query of a registered one, by another parser; of a loopback address "
        "the port may differ",
        (
            b"https://app.example.com/callback\nhttps://app.example.com/callback",
            b"https://app.example.com/callback/../x\nhttps://app.example.com/callback",
            b"http://127.0.0.1:51004/cb?x=1\nhttp://127.0.0.1/cb?x=1\nhttps://app.example.com/",
            b"http://[::1]:8080/cb\nhttp://[::1]/cb\nhttp://localhost/cb",
            b"http://localhost:81/cb\nhttp://localhost:80/cb\ncom.example.app:/cb",
            b"https://app.example.com@evil.example/callback\nhttps://app.example.com/callback",
            b"https://app.example.com\\@evil.example/\nhttps://app.example.com/",
            b"javascript:alert(1)\njavascript:alert(1)",
        ),
    ),
    Target(
        "redirect_register",
        pure(register),
        "a redirect URI that an application registers, and the answer sent to it",
        "https, loopback or a private-use scheme by another parser; no user name, fragment or second directive in the "
        "policy; an answer goes to the same place",
        (
            b"https://app.example.com/callback?x=1\nstate",
            b"http://localhost:8080/cb\na b&c=d#e",
            b"http://[::1]:8080?\n\r\nx",
            b"com.example.app:/oauth\n",
            b"com.example.app:///oauth?x=1\ns",
            b"com.example.app:////oauth\ns",
            b"https://app.example.com/%2e%2e/x\n",
            b"https://[::ffff:7f00:1]:443/\n",
            b"https://a;b/\n",
            b"https://app.example.com:99999/\n",
            b"https://*.example.com/?code=1\n",
        ),
    ),
]
