"""Where a request came from, and who is one there."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+", re.ASCII)


def client_address(*, peer: str, forwarded: str, trusted_proxies: int) -> str | None:
    """Return the address a request came from, or ``None`` where what is said is none.

    ``peer`` is who has connected, ``forwarded`` the field X-Forwarded-For, to the end of which each proxy adds who had
    connected to it: of that no more is believed than ``trusted_proxies`` have written. A request that has passed by
    some of them came from whoever has connected here.
    """
    named = [part.strip() for part in forwarded.split(",")] if trusted_proxies and forwarded else []
    return _address(named[-trusted_proxies] if len(named) >= trusted_proxies > 0 else peer)


def _address(text: str) -> str | None:
    found = _WITH_PORT.fullmatch(text)  # some proxies name the port, too
    bare = (found[1] or found[2]) if found is not None else text
    try:
        return str(ip_address(bare.partition("%")[0]))  # a zone is of one machine alone
    except ValueError:
        return None


def network_of(address: str) -> str:
    """Return what one customer of a network operator has: an IPv4 address, or an IPv6 network of 64 bits.

    An IPv4 address in IPv6's dress (RFC 4291 2.5.5.2) is that address: all of IPv4 is one network of 64 bits there.
    Raises ValueError for what is no address.
    """
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped is not None else f"{int(parsed) >> 64:x}"
