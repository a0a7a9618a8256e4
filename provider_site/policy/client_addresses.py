"""Where an application is called or opened besides its redirect URIs: which addresses it may register for that."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, urlsplit

from provider_site.policy.redirect import LOOPBACK_HOSTS

_PORTS = {"https": 443, "http": 80}
# What we add to each: a registered one of that name would be there twice.
LOGOUT_PARAMETERS = frozenset({"iss", "sid"})
LOGIN_PARAMETERS = frozenset({"iss", "login_hint", "target_link_uri"})


class Fault(StrEnum):
    """Why an address can't be registered."""

    FRAGMENT = "fragment"
    NOT_HTTPS = "not_https"
    NOT_HTTPS_OR_LOOPBACK = "not_https_or_loopback"
    NO_REDIRECT_ORIGIN = "no_redirect_origin"
    FOREIGN_HOST = "foreign_host"
    RESERVED_PARAMETER = "reserved_parameter"


def backchannel_fault(uri: str) -> Fault | None:
    """Return why the server can't be called there (Back-Channel Logout 2.2); where it may call at all it decides."""
    return Fault.FRAGMENT if "#" in uri else None


def frontchannel_fault(uri: str, *, redirect_uris: Iterable[str]) -> Fault | None:
    """Return why a person's browser is not to load it in a frame (Front-Channel Logout 2)."""
    parts = urlsplit(uri)
    if "#" in uri:
        return Fault.FRAGMENT
    if parts.scheme != "https" and not _is_loopback_http(parts):
        return Fault.NOT_HTTPS_OR_LOOPBACK
    # An address without an origin is not that of a redirect URI without one, such as an app's own scheme.
    if web_origin(uri) not in {web_origin(one) for one in redirect_uris} - {None}:
        return Fault.NO_REDIRECT_ORIGIN
    return Fault.RESERVED_PARAMETER if _names(parts) & LOGOUT_PARAMETERS else None


def initiate_login_fault(
    uri: str, *, redirect_uris: Iterable[str], homepage_url: str, allow_loopback_http: bool = False
) -> Fault | None:
    """Return why people are not to be sent there to sign in (OpenID Connect Core 4; Registration 2: https).

    It is on a host that the application is reviewed for, so that a link on our page leads to no third site.
    """
    parts = urlsplit(uri)
    if "#" in uri:
        return Fault.FRAGMENT
    if parts.scheme != "https" and not (allow_loopback_http and _is_loopback_http(parts)):
        return Fault.NOT_HTTPS
    if parts.hostname not in {_host(one) for one in (homepage_url, *redirect_uris)} - {None}:
        return Fault.FOREIGN_HOST
    return Fault.RESERVED_PARAMETER if _names(parts) & LOGIN_PARAMETERS else None


def web_origin(uri: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port (RFC 6454 4), or ``None`` for what is no address of the web."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def _host(uri: str) -> str | None:
    """Return an address's host; ``None`` for one that is none, as what stands beside this one in a form may be."""
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _is_loopback_http(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS


def _names(parts: SplitResult) -> set[str]:
    return {name for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
