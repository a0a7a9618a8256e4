"""Which addresses may be called (SSRF)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from outbound_http.errors import DestinationRefused
from outbound_http.policy import Policy

Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Relays of 6to4 (RFC 7526), and what protocols reserved for themselves (RFC 6890): Python calls parts of it global.
_RESERVED = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))


def is_loopback_host(host: str | None) -> bool:
    """Return whether `host` is literally this machine: localhost, 127.0.0.0/8 or ::1, unresolved."""
    if not host:
        return False
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_address(address: Address, *, encrypted: bool, policy: Policy) -> None:
    """Raise DestinationRefused unless `address` may be called.

    Public addresses are called over TLS only. Loopback needs `allow_loopback_http`; private networks need to be listed
    in `allowed_networks`. Everything else that is special (link-local, metadata, multicast, reserved) is refused.
    """
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    if address.is_loopback:
        if not policy.allow_loopback_http:
            raise DestinationRefused(f"loopback address refused; {policy.loopback_setting} is off")
        return
    if not encrypted:
        raise DestinationRefused("plain http refused")
    if any(address in network for network in policy.allowed_networks):
        return
    # is_global is False for private, link-local, shared and reserved ranges.
    if not address.is_global or address.is_multicast or not _is_direct(address):
        raise DestinationRefused(f"address {address} is not public")


def _is_direct(address: Address) -> bool:
    """Return whether `address` is itself the one reached: no tunnel or translator, which could smuggle another in.

    For IPv6 that is global unicast (RFC 4291 section 2.4) without 6to4 and Teredo; NAT64, ::a.b.c.d and the site-local
    range, which Python calls global, lie outside it.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _RESERVED)
    return address in _GLOBAL_UNICAST and not address.sixtofour and not address.teredo
