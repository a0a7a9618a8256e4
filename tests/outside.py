"""Refuse every connection that would leave this machine."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOCAL_NAMES = {"localhost", "", None}


class OutsideConnectionError(RuntimeError):
    """A test tried to reach another machine.

    Not an OSError, so that no code under test takes it for a network that is merely down.
    """


def is_loopback(host: Any) -> bool:
    """Return whether `host`, a name or an address, is this machine by definition."""
    if isinstance(host, bytes):
        host = host.decode()
    if host in LOCAL_NAMES or str(host).endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%", 1)[0]).is_loopback
    except ValueError:
        return False


def is_address(host: Any) -> bool:
    """Return whether `host` is a literal address, which is resolved without asking anybody."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def refuse_outside(sock: socket.socket, address: Any) -> None:
    """Raise OutsideConnectionError unless `address` is a loopback address or a local socket file."""
    if sock.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(address[0]):
        raise OutsideConnectionError(f"A test tried to connect to {address[0]}:{address[1]}.")


@contextmanager
def only_loopback() -> Iterator[None]:
    """Let sockets of this process reach loopback alone, and names resolve to nothing else."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse_outside(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse_outside(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        refuse_outside(self, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_loopback(host) and not is_address(host):
            raise OutsideConnectionError(f"A test tried to resolve the name {host!r}.")
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
    socket.socket.sendto = guarded_sendto  # type: ignore[method-assign,assignment]
    socket.getaddrinfo = guarded_getaddrinfo
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
        socket.socket.sendto = sendto  # type: ignore[method-assign]
        socket.getaddrinfo = getaddrinfo
