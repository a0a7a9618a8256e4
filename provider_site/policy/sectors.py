"""Which applications know a person by the same pairwise subject: those of one sector (OpenID Core 8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from provider_site.policy import redirect

# A host name has 253 characters at most (RFC 1035 2.3.4), and the column 255.
_LONGEST_HOST = 253
# No host name holds a colon, and no IPv6 address begins like this.
_OWN = "client:"


class Fault(StrEnum):
    """Why an application can't have pairwise subjects with these addresses."""

    HOSTS = "hosts"
    NO_HOST = "no_host"
    NOT_HTTPS = "not_https"
    NOT_LISTED = "not_listed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Document:
    """What a sector identifier URI answered: the redirect URIs that belong together (OpenID Registration 5)."""

    uri: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sector:
    """An application's sector, or why it has none; ``names`` are the hosts or redirect URIs the fault is about."""

    identifier: str = ""
    fault: Fault | None = None
    names: tuple[str, ...] = ()


def own(client_id: str) -> str:
    """Return the sector of an application that shares its subjects with no other."""
    return f"{_OWN}{client_id}"


def is_own(sector: str) -> bool:
    """Tell whether a sector is of one application alone."""
    return sector.startswith(_OWN)


def host(uri: str) -> str:
    """Return a web address's host in lower case, without its port; empty for what has none that can be told."""
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def derive(*, client_id: str, redirect_uris: Sequence[str], document: Document | None = None) -> Sector:
    """Return the sector these addresses make.

    It is the host of the sector identifier URI, whose document has to list every redirect URI, or else the one host of
    the redirect URIs. A private-use scheme, the person's own device and an address in a private network say nothing
    about who is behind them: whoever has one among the redirect URIs, or none at all, is a sector of its own.
    """
    if document is not None:
        if fault := uri_fault(document.uri):
            return Sector(fault=fault, names=(document.uri,))
        if missing := tuple(uri for uri in redirect_uris if uri not in document.redirect_uris):
            return Sector(fault=Fault.NOT_LISTED, names=missing)
        return Sector(host(document.uri))
    on_the_web = [uri for uri in redirect_uris if not _is_local(uri)]
    hosts = tuple(dict.fromkeys(map(host, on_the_web)))
    if len(hosts) > 1:
        return Sector(fault=Fault.HOSTS, names=hosts)
    if not hosts or len(on_the_web) < len(redirect_uris):
        return Sector(own(client_id))
    if not 0 < len(hosts[0]) <= _LONGEST_HOST:
        return Sector(fault=Fault.NO_HOST, names=tuple(on_the_web[:1]))
    return Sector(hosts[0])


def settle(*, client_id: str, redirect_uris: Sequence[str], document: Document | None = None, frozen: str) -> Sector:
    """Return the sector an application has with these addresses; ``frozen`` is the one it is known by, or empty.

    Another host's sector is never kept: whoever controls that host vouches for the addresses, or the application could
    take another's subjects along by moving away. A sector of its own is shared with nobody and may stay.
    """
    derived = derive(client_id=client_id, redirect_uris=redirect_uris, document=document)
    if derived.fault is not None or not frozen:
        return derived
    if frozen in {derived.identifier, own(client_id)}:
        return Sector(frozen)
    return Sector(fault=Fault.MOVED, names=(frozen, derived.identifier))


def uri_fault(uri: str) -> Fault | None:
    """Return why an address can't be a sector identifier URI, or ``None`` (OpenID Registration 5: https)."""
    if redirect.refusal(uri) is not None or not uri.startswith("https://"):
        return Fault.NOT_HTTPS
    return None if len(host(uri)) <= _LONGEST_HOST else Fault.NO_HOST


def _is_local(uri: str) -> bool:
    """Tell whether the address is nobody's own: on the person's device (RFC 8252 7.1, 7.3) or in their network."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    # An application taken over may have http elsewhere.
    return parts.scheme not in {"http", "https"} or _is_nobodys(parts.hostname or "")


def _is_nobodys(name: str) -> bool:
    """Tell whether a host is another one to each who names it: no two owners share it by that (RFC 1918, 6761 6.3)."""
    if name.rstrip(".").rpartition(".")[2] == "localhost":
        return True
    try:
        return not ip_address(name).is_global
    except ValueError:
        return False
