"""What proxies write: X-Forwarded-For, X-Request-Start, Host; and the rates of the settings."""

import re
from ipaddress import ip_address

from django.core.exceptions import DisallowedHost
from django.test import RequestFactory

from project.hosts import site_of_host
from provider_site import rates
from provider_site.middleware import _moment
from provider_site.policy.networks import client_address, network_of
from tests.fuzz.target import Target, lines, pure, refused

_FACTORY = RequestFactory()


def forwarded(data: bytes) -> None:
    """Find the client's address behind one to three proxies; what it sent itself changes nothing."""
    field, peer, spoofed = lines(data, 3)
    for trusted in range(4):
        found = client_address(peer=peer, forwarded=field, trusted_proxies=trusted)
        if found is not None:
            assert str(ip_address(found)) == found
            network = network_of(found)
            assert 0 < len(network) <= 45
        hops = [hop.strip() for hop in field.split(",")]
        if trusted == 0:
            assert found == client_address(peer=peer, forwarded="", trusted_proxies=0)
        elif field and len(hops) >= trusted:
            # Whatever stands before what the trusted ones have written is the client's own.
            lied = client_address(peer=peer, forwarded=f"{spoofed},{field}", trusted_proxies=trusted)
            assert lied == found, (lied, found)


def queue(data: bytes) -> None:
    """Read when a proxy took a request, and the host that was asked for."""
    start, host = lines(data, 2)
    assert isinstance(_moment(start), float)
    request = _FACTORY.get("/", headers={"host": host or "localhost"})
    named = refused(request.get_host, DisallowedHost)
    assert named is None or re.fullmatch(r"[A-Za-z0-9.:\[\]_-]+", named)
    assert named is None or site_of_host(named) in {None, "provider", "consumer"}


def rate(data: bytes) -> None:
    """Read a rate of the settings; written anew it is the same."""
    (text,) = lines(data, 1)
    found = refused(lambda: rates.parse(text), ValueError)
    if found is not None:
        assert 0 < found.number < 10**9
        assert 0 < found.seconds <= 86_400
        for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
            many, rest = divmod(found.seconds, seconds)
            if not rest and many < 10_000:
                assert rates.parse(f"{found.number}/{many}{unit}") == found


TARGETS = [
    Target(
        "forwarded_for",
        pure(forwarded),
        "X-Forwarded-For and the peer's address",
        "an address in its one form, or none; nothing before what trusted proxies wrote counts",
        (
            b"203.0.113.7\n10.0.0.1\n198.51.100.1",
            b"203.0.113.7, [2001:db8::1]:443, 10.0.0.2:80\n::1\n1.2.3.4, 5.6.7.8",
            b"::ffff:203.0.113.7,fe80::1%eth0\n10.0.0.1\n,",
            b"unknown, \t,_hidden\nunix:\n\xc2\xa0127.0.0.1",
        ),
        longest=512,
    ),
    Target(
        "request_start",
        pure(queue),
        "X-Request-Start and Host",
        "a number, in bounded time; a host name and no more",
        (
            b"t=1700000000.123\nlocalhost:8000",
            b"1700000000123\n127.0.0.1:8000",
            b"t=1e18\n[::1]:8000",
            b"nan\nLOCALHOST.",
            b"t=-5\na@b",
            b"inf\nlocalhost",
        ),
        longest=256,
    ),
    Target(
        "rate",
        pure(rate),
        "rates of the setting RATE_LIMITS",
        "at least one, within a day; written anew the same",
        (b"600/m", b"30/10m", b"1/d", b"9/25h", b"0/s", "\u0663/s".encode(), b"1/0s"),
        longest=64,
    ),
]
