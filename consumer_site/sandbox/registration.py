"""The rules by which the real services register addresses."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_LONGEST = 2000
_HOST = re.compile(r"[\w.:-]+")
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def split(address: str) -> SplitResult | None:
    """Return the parts of a full web address, or None for anything else, such as one that no column can hold."""
    if len(address) > _LONGEST or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
        # Only asking for the port finds out that it is none.
        _ = parts.port
    except ValueError:
        return None
    # What is no host must not end up in a header, such as the policy that names where a form may lead.
    return parts if parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") else None


def callback_fault(callback: str) -> str | None:
    """Return why connect.qq.com would refuse to register this callback address, or None."""
    parts = split(callback)
    if parts is None:
        return "it is not a full web address"
    if "#" in callback:
        return "it has a fragment"
    if "@" in parts.netloc:
        return "it holds a user name"
    # An address of version 6 has colons of its own.
    if ":" in parts.netloc.rpartition("]")[2]:
        return "it has a port"
    return host_fault(parts.hostname or "")


def domain_fault(domain: str) -> str | None:
    """Return why open.weixin.qq.com would refuse to register this callback domain, or None."""
    if "/" in domain:
        return "it is an address, not a domain"
    if ":" in domain.rpartition("]")[2]:
        return "it has a port"
    return host_fault(domain.strip("[]"))


def host_fault(host: str) -> str | None:
    """Return why a host is not a public name, or None."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return "it is localhost"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Browsers read 127.1, 2130706433 and 0x7f.1 as addresses too: no public domain ends in a number.
        last = host.rpartition(".")[2]
        return "it is a bare address" if re.fullmatch(r"\d+|0x[0-9a-f]*", last) else None
    return "it is a bare address"


def is_local(address: str) -> bool:
    """Tell whether this is a web address on this very machine, without a fragment."""
    parts = split(address)
    return parts is not None and parts.hostname in _LOCAL_HOSTS and "#" not in address and "@" not in parts.netloc


def domain_matches(domain: str, callback: str, *, strict: bool = False) -> bool:
    """Tell whether a callback lies in a domain registered at WeChat: the very same host, sub-domains not.

    A domain with a port means that port alone; without one, any port, unless `strict`: WeChat knows no ports.
    """
    parts = split(callback)
    if parts is None or "@" in parts.netloc or (strict and parts.port is not None):
        return False
    wanted = domain.lower()
    return wanted == parts.netloc.lower() or wanted in {parts.hostname, f"[{parts.hostname}]"}


def is_below(registered: str, callback: str) -> bool:
    """Tell whether a callback matches the callback URL registered at GitHub.

    Host (sub-domains may be added) and port are the same, the path is the same or below; on a loopback address the
    port may be any.
    """
    base, asked = split(registered), split(callback)
    if base is None or asked is None or "@" in asked.netloc or base.scheme != asked.scheme:
        return False
    host, wanted = (base.hostname or "").lower(), (asked.hostname or "").lower()
    if host in _LOCAL_HOSTS:
        if wanted != host:
            return False
    elif base.port != asked.port or not (wanted == host or wanted.endswith("." + host)):
        return False
    folder = base.path.rstrip("/")
    if ".." in asked.path or "\\" in asked.path:
        return False
    return asked.path in {base.path, folder} or asked.path.startswith(folder + "/")
