"""Which redirect URIs may be registered, and which requested one matches (RFC 9700 2.1, 4.1; RFC 8252 7, 8.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
LOOPBACK_HOSTS = LOOPBACK_ADDRESSES | {"localhost"}
_FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "ws", "wss", "ftp"})
# RFC 8252 7.1: a private-use scheme is a reversed domain name, so it holds a dot.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+\Z")
# Letters, digits, dots and hyphens, or an IPv6 address.
_HOST = re.compile(r"([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?\Z", re.IGNORECASE)
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\uffff\U00010000-\U0010ffff\\\"<>^`{|}]")
# Compared as text: parsing and joining again would lose a "?" that nothing follows.
_LOOPBACK = re.compile(
    r"(?P<host>http://(?:127\.0\.0\.1|\[::1\]))(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>(?:[/?].*)?)\Z"
)


class Refusal(StrEnum):
    """Why a redirect URI can't be registered."""

    CHARACTERS = "characters"
    MALFORMED = "malformed"
    FRAGMENT = "fragment"
    USERINFO = "userinfo"
    DOT_SEGMENTS = "dot_segments"
    WILDCARD = "wildcard"
    SCHEME = "scheme"
    HTTP_NOT_LOOPBACK = "http_not_loopback"
    RESERVED_PARAMETER = "reserved_parameter"


def refusal(uri: str) -> Refusal | None:
    """Return why ``uri`` can't be registered, or ``None`` when it can. The order is from syntax to policy."""
    if _FORBIDDEN_CHARACTERS.search(uri):
        return Refusal.CHARACTERS
    parts = _split(uri)
    if parts is None:
        return Refusal.MALFORMED
    if "#" in uri:
        return Refusal.FRAGMENT
    if "@" in parts.netloc:
        return Refusal.USERINFO
    if any(segment in {".", "..", "%2e", "%2e%2e", ".%2e", "%2e."} for segment in parts.path.lower().split("/")):
        return Refusal.DOT_SEGMENTS
    if "*" in parts.netloc:
        return Refusal.WILDCARD
    if parts.netloc and not _HOST.match(parts.netloc):
        return Refusal.MALFORMED
    # A registered `iss`, `code` or `state` would double the parameter we answer with (RFC 9207 2.3).
    if any(pair.partition("=")[0] in {"code", "state", "iss", "error"} for pair in parts.query.split("&")):
        return Refusal.RESERVED_PARAMETER
    return _scheme_refusal(parts)


def _scheme_refusal(parts: SplitResult) -> Refusal | None:
    if parts.scheme == "https":
        return None if parts.hostname else Refusal.MALFORMED
    if parts.scheme == "http":
        return None if parts.hostname in LOOPBACK_HOSTS else Refusal.HTTP_NOT_LOOPBACK
    if parts.scheme in _FORBIDDEN_SCHEMES or not _PRIVATE_SCHEME.match(parts.scheme):
        return Refusal.SCHEME
    return None if parts.path.startswith("/") and not parts.netloc else Refusal.MALFORMED


def matches(requested: str, registered: Iterable[str]) -> bool:
    """Tell whether ``requested`` is one of the registered URIs, character by character.

    Only the port of a loopback IP address may differ (RFC 8252 7.3), never that of the name ``localhost`` (8.3).
    """
    if requested.partition(":")[0].lower() in _FORBIDDEN_SCHEMES:  # whatever an older row may hold
        return False
    return any(requested == uri or _same_but_loopback_port(requested, uri) for uri in registered)


def _same_but_loopback_port(requested: str, registered: str) -> bool:
    ours, theirs = _LOOPBACK.match(registered), _LOOPBACK.match(requested)
    if ours is None or theirs is None or theirs["port"] is None or int(theirs["port"]) > 65535:
        return False
    return (ours["host"], ours["rest"]) == (theirs["host"], theirs["rest"])


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _port = parts.port
    except ValueError:
        return None
    return parts if parts.scheme else None


def origin(uri: str) -> str:
    """Return the CSP source of a redirect URI: ``https://host:port`` or ``com.example.app:``.

    An IPv6 address can't be written there (CSP 3, 2.3.1), so its scheme stands for it. Empty for a host that is none,
    which an older row may hold: a ``;`` in it would begin another directive. Empty for a device, which has no URI.
    """
    parts = urlsplit(uri)
    if not parts.scheme:
        return ""
    if not parts.netloc or "[" in parts.netloc:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}" if _HOST.match(parts.netloc) else ""


def is_native(uri: str) -> bool:
    """Tell whether any program on the person's device could receive the answer (RFC 8252 7.1, 7.3)."""
    return urlsplit(uri).scheme != "https"


def display_host(uri: str) -> str:
    """Return what a person is shown as the place they go to next: the host with its port, or the app's scheme."""
    parts = urlsplit(uri)
    return parts.netloc.rpartition("@")[2] or parts.scheme
