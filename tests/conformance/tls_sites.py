"""Serve the project over TLS on a free port of this machine."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer

from tests import servers


@dataclass
class Sites:
    """Where they run, and what went wrong inside them."""

    port: int
    exceptions: list[BaseException] = field(default_factory=list)


class _Handler(servers.QuietRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return super().get_environ() | {"HTTPS": "on"}


class _Server(ThreadedWSGIServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a browser opens connections it does not use
            super().handle_error(request, client_address)


def encrypted(value: Any, origin: str) -> Any:
    """Return `value` with every address of `origin`, an http one, over TLS, however deep it is."""
    if isinstance(value, str):
        return value.replace(origin, origin.replace("http://", "https://", 1))
    if isinstance(value, dict):
        return {encrypted(key, origin): encrypted(item, origin) for key, item in value.items()}
    if type(value) in {list, tuple, set, frozenset}:
        return type(value)(encrypted(item, origin) for item in value)
    return value


@contextmanager
def serving(context: ssl.SSLContext, configure: Callable[[int], None]) -> Iterator[Sites]:
    """Run both sites; `configure` moves their settings to the port before the first request."""
    server = _Server(("127.0.0.1", 0), _Handler, allow_reuse_address=False)
    # The handshake is the handler thread's business: a connection without one must not stop the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    sites = Sites(server.server_port)
    configure(sites.port)
    with servers.running(server, sites.exceptions):
        yield sites
