"""Serve the project over real HTTP: both sites on one threaded server, told apart by host name."""

import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings as django_settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import got_request_exception

CONFIGURED_PORT = "8000"


class QuietRequestHandler(WSGIRequestHandler):
    """Answer requests without writing a line for each to the terminal."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


class Server(ThreadedWSGIServer):
    """Serve until it is closed, and leave no thread behind: one that waits for a client keeps its connection open."""

    daemon_threads = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.clients: set[Any] = set()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.clients.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        self.clients.discard(request)
        super().close_request(request)

    def server_close(self) -> None:
        for client in list(self.clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        super().server_close()


@dataclass
class LiveSites:
    """Name the addresses of the running sites, and keep what went wrong inside them."""

    port: int
    exceptions: list[BaseException] = field(default_factory=list)

    @property
    def provider(self) -> str:
        """Return the provider's origin, which is its issuer."""
        return f"http://localhost:{self.port}"

    @property
    def consumer(self) -> str:
        """Return the consumer's origin."""
        return f"http://127.0.0.1:{self.port}"


def moved(value: Any, port: int) -> Any:
    """Return `value` with every address on the configured port moved to `port`, however deep it is."""
    if isinstance(value, str):
        for host in ("localhost", "127.0.0.1"):
            value = value.replace(f"{host}:{CONFIGURED_PORT}", f"{host}:{port}")
        return value
    if isinstance(value, dict):
        return {moved(key, port): moved(item, port) for key, item in value.items()}
    if type(value) in {list, tuple, set, frozenset}:
        return type(value)(moved(item, port) for item in value)
    return value


def move_settings(settings: Any, port: int) -> None:
    """Move every setting that names the configured port, so that issuer, callbacks and emulators agree."""
    with warnings.catch_warnings():
        # Reading every setting includes those that are deprecated.
        warnings.simplefilter("ignore")
        for name in dir(django_settings):
            if name.isupper() and name != "DATABASES":
                value = getattr(django_settings, name)
                if (new := moved(value, port)) != value:
                    setattr(settings, name, new)


@contextmanager
def running(server: ThreadedWSGIServer, exceptions: list[BaseException]) -> Iterator[None]:
    """Answer with the project in a thread of its own; add to `exceptions` what goes wrong inside."""
    server.set_app(StaticFilesHandler(WSGIHandler()))

    def keep(sender: Any, **kwargs: Any) -> None:
        if (exception := sys.exc_info()[1]) is not None:
            exceptions.append(exception)

    got_request_exception.connect(keep)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        got_request_exception.disconnect(keep)


@contextmanager
def serve_sites(settings: Any) -> Iterator[LiveSites]:
    """Run the project on a free port while `settings`, pytest-django's fixture, is moved there.

    The database must be one that several threads may open (see conftest.py).
    """
    server = Server(("127.0.0.1", 0), QuietRequestHandler, allow_reuse_address=False)
    sites = LiveSites(server.server_port)
    move_settings(settings, sites.port)
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    with running(server, sites.exceptions):
        yield sites
