"""An application's other addresses: its links, where it is called, its sector, its resources."""

import json
from ipaddress import ip_address
from typing import Any
from unittest import mock

import requests
from django.core.exceptions import ValidationError
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from outbound_http.errors import OutboundError
from outbound_http.guard import check_address
from outbound_http.policy import Policy
from provider_site.http import OutboundSession
from provider_site.policy import links, resources, sectors
from provider_site.policy.facts import can_be_stored
from provider_site.services import link_rules
from provider_site.services.sectors import read as read_sector
from tests.fuzz.target import Target, lines, pure, refused


def _host(url: str) -> str | None:
    """Return the host as another parser reads it."""
    try:
        return (parse_url(url).host or "").strip("[]").lower() or None
    except LocationParseError:
        return None


def link(data: bytes) -> None:
    """Judge the same address in every field, beside two redirect URIs and a home page."""
    address, home, *redirect_uris = lines(data, 4)
    given = dict.fromkeys(link_rules.LINKS, address) | {"homepage_url": home}
    faults = link_rules.link_faults(given, redirect_uris=[uri for uri in redirect_uris if uri])
    for name in link_rules.LINKS:
        url = given[name]
        if name in faults or not url:
            continue
        assert url.isprintable(), (name, url)
        assert "\\" not in url, (name, url)
        assert url.split(":", 1)[0].lower() in {"http", "https"}, (name, url)
        assert "]." not in url.split("//", 1)[1].split("/", 1)[0], (name, url)
        assert "@" not in url.split("//", 1)[1].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0], (name, url)
        if name in {"events_url", "backchannel_logout_uri", "initiate_login_uri"} and not _is_here(url):
            assert url.lower().startswith("https:"), (name, url)
        if name == "initiate_login_uri" and url.isascii() and (host := _host(url)) is not None:
            beside = {_host(one) for one in (home, *redirect_uris) if one}
            # Python reads hosts in some addresses that the other parser refuses whole.
            assert host in beside or None in beside, (name, url)


def _is_here(url: str) -> bool:
    """Tell whether it is this machine, where the tests' settings allow http."""
    host = _host(url) or ""
    try:
        return host.rstrip(".") == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def sector(data: bytes) -> None:
    """Read a sector document and derive the sector; nothing but a refusal with its reason may come of it."""
    uri, first, second, body = lines(data, 4)
    answer: Any = requests.Response()
    answer.status_code, answer._content = 200, body.encode()
    with mock.patch.object(OutboundSession, "get", return_value=answer):
        document = refused(lambda: read_sector(uri=uri), ValidationError)
    if document is not None:
        assert list(document.redirect_uris) == json.loads(body)
        assert all(map(can_be_stored, document.redirect_uris))
        assert uri.startswith("https://")
    uris = [one for one in (first, second) if one]
    found = sectors.settle(client_id="c", redirect_uris=uris, document=document, frozen="")
    if found.fault is None:
        assert 0 < len(found.identifier) <= 255
        if document is not None:
            assert set(uris) <= set(document.redirect_uris)
            assert found.identifier == _host(uri), (found, uri)
        again = sectors.settle(client_id="c", redirect_uris=uris, document=document, frozen=found.identifier)
        assert again == found
    elsewhere = sectors.settle(client_id="c", redirect_uris=uris, document=document, frozen="other.example")
    assert elsewhere.fault is not None or elsewhere.identifier == "other.example" == found.identifier


def resource(data: bytes) -> None:
    """Judge a resource indicator."""
    (text,) = lines(data, 1)
    if resources.is_indicator(text):
        assert len(text) <= resources.MAX_LENGTH
        assert " " not in text
        assert "#" not in text
        assert text.isascii()
        assert "://" in text
        assert resources.is_addressed([text], to=text)
    links.misleads(text)


_SPECIAL = ("is_private", "is_loopback", "is_link_local", "is_multicast", "is_reserved", "is_unspecified")
_PUBLIC = Policy(loopback_setting="none")


def called(data: bytes) -> None:
    """Judge an address to call: what another library knows as this machine or a private network is refused."""
    (text,) = lines(data, 1)
    try:
        address = ip_address(text.strip())
    except ValueError:
        return
    try:
        check_address(address, encrypted=True, policy=_PUBLIC)
    except OutboundError:
        return
    # An IPv4 address in IPv6's dress is that address: all of them are reserved in IPv6.
    bare = getattr(address, "ipv4_mapped", None) or address
    assert not [name for name in _SPECIAL if getattr(bare, name)], address
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    assert inner is None or inner.is_global, address
    assert not text.lower().startswith(("64:ff9b", "169.254.", "fe80", "fc", "fd", "2002:")), address


TARGETS = [
    Target(
        "links",
        pure(link),
        "home page, privacy policy, terms, events, back- and front-channel logout, login initiation",
        "what passes shows where it leads; what we call ourselves is https; sign-ins begin on a reviewed host",
        (
            b"https://app.example.com/logout\nhttps://app.example.com/\nhttps://app.example.com/cb",
            b"http://127.0.0.1:8001/x?sid=1\nhttps://app.example.com/\nhttp://127.0.0.1:8001/cb\ncom.example:/x",
            b"https://app.example.com/login\n\nhttps://[::1\nhttps://app.example.com/cb",
            b"http://[::1].example.com/x\nhttps://[2606:4700::1].evil.example/\nhttps://app.example.com/cb",
            b"https://user@app.example.com/\nhttps://app.example.com\\@evil.example/",
            b"https://app.example.com/#x\nhttps://[::1\nhttps://[::1\nhttps://a:b/",
            "https://app.example.com\u202e/\nhttps://ａpp.example.com/".encode(),
            b"https://10.0.0.1/\nhttps://169.254.169.254/\nhttps://10.0.0.1/cb",
        ),
    ),
    Target(
        "sector",
        pure(sector),
        "sector identifier URIs and their documents",
        "a document covers every redirect URI; the sector is the document's host by another parser, or it is settled "
        "again as itself and never as another's",
        (
            b'https://app.example.com/s.json\nhttps://a.example/cb\nhttps://b.example/cb\n["https://a.example/cb","https://b.example/cb"]',
            b"https://app.example.com/s.json\nhttps://a.example/cb\n\n[1,null]",
            b"\nhttps://app.example.com/cb\nhttps://app.example.com/x\n",
            b"\nhttps://10.0.0.1/cb\ncom.example.app:/x\n",
            b"http://x/\nhttps://[::1/\nhttps://[::1]/\n{}",
            b'https://app.example.com/s.json\n\n\n["\\ud800","\\u0000"]',
        ),
    ),
    Target(
        "resource",
        pure(resource),
        "resource indicators",
        "absolute, ASCII, without fragment or space, of the column's length",
        (
            b"https://api.example.com/v1",
            b"urn:x",
            b"https://[::1",
            b"https://api.example.com/#x",
            b"https://a:99999/",
            b"//x",
        ),
    ),
    Target(
        "called_address",
        pure(called),
        "the address behind a name that we call (SSRF)",
        "none that is private, loopback, link-local, reserved, or smuggles IPv4 in is called",
        (
            b"93.184.216.34",
            b"127.0.0.1",
            b"::ffff:10.0.0.1",
            b"2002:0a00:0001::",
            b"64:ff9b::a00:1",
            b"fe80::1%eth0",
            b"2606:2800:220:1::1",
        ),
        longest=64,
    ),
]
