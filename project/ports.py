"""Find out whether a port is free on this machine's own addresses."""

import errno
import socket
import sys

from django.core.exceptions import ImproperlyConfigured

from project.environment import read_port

# Browsers resolve localhost to either: a stranger on ::1 would be taken for our provider.
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def busy_address(port: int) -> str | None:
    """Return the loopback address on which something already listens on `port`, or None; no IPv6 counts as free."""
    for family, address in LOOPBACKS:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                # As the server does, so that connections of an earlier run that are winding down don't count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
                probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return address
            if family == socket.AF_INET:
                raise
    return None


def complaint(port: int) -> str | None:
    """Return the sentence to show when `port` is taken, or None."""
    address = busy_address(port)
    if address is None:
        return None
    return (
        f"Port {port} is already in use on {address}. Stop what listens there, or choose another one: "
        f"make demo PORT={port + 1}"
    )


def main() -> str | None:
    """Return what is wrong with PORT in the environment, in one sentence, or None."""
    try:
        return complaint(int(read_port()))
    except ImproperlyConfigured as error:
        return f"Configuration: {error}"


if __name__ == "__main__":
    sys.exit(main())
