"""The project behind a TLS proxy that spoils answers, or passes on what it should not: faults for a doctor to find."""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import servers

Fields = list[tuple[str, str]]


@dataclass
class Exchange:
    """A request on its way to the site, and the answer on its way back."""

    method: str
    path: str
    asked: dict[str, str]
    status: int = 0
    fields: Fields = field(default_factory=list)
    body: bytes = b""

    def drop(self, *names: str) -> None:
        """Take fields out of the answer."""
        lower = {name.lower() for name in names}
        self.fields = [(name, value) for name, value in self.fields if name.lower() not in lower]

    def put(self, name: str, value: str) -> None:
        """Set a field of the answer."""
        self.drop(name)
        self.fields.append((name, value))


Fault = Callable[[Exchange], None]


def nothing(exchange: Exchange) -> None:
    """Leave everything as it is."""


@dataclass
class Proxy:
    """A running proxy: its address, and what it spoils (the request before, the answer after)."""

    port: int
    scheme: str
    spoil: Fault = nothing
    spoil_request: Fault = nothing

    @property
    def origin(self) -> str:
        """Return the address that clients know."""
        return f"{self.scheme}://localhost:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy
    upstream: int

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def version_string(self) -> str:
        return "proxy"

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        asked = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        exchange = Exchange(self.command, self.path, asked)
        forwarded = asked.get("X-Forwarded-For", "")
        asked["X-Forwarded-For"] = ", ".join(filter(None, [forwarded, self.client_address[0]]))
        came = asked.pop("X-Forwarded-Proto", self.proxy.scheme)
        asked["X-Forwarded-Proto"] = self.proxy.scheme
        exchange.asked["X-Came-Proto"] = came
        self.proxy.spoil_request(exchange)
        asked.pop("X-Came-Proto", None)
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=20)
        connection.request(exchange.method, exchange.path, body, {**exchange.asked, "Connection": "close"})
        answer = connection.getresponse()
        exchange.status, exchange.body = answer.status, answer.read()
        hidden = {"connection", "transfer-encoding", "content-length", "server"}
        exchange.fields = [(name, value) for name, value in answer.getheaders() if name.lower() not in hidden]
        connection.close()
        self.proxy.spoil(exchange)
        self._answer(exchange)

    def _answer(self, exchange: Exchange) -> None:
        self.close_connection = True
        self.send_response_only(exchange.status)
        for name, value in exchange.fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(exchange.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(exchange.body)

    do_GET = do_POST = do_OPTIONS = do_HEAD = _pass  # noqa: N815 - http.server's names


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that don't believe the certificate


@contextmanager
def serving(settings: Any, context: ssl.SSLContext | None) -> Iterator[Proxy]:
    """Run the project behind the proxy; its issuer is the proxy's address, and its settings those behind one."""
    backend = servers.Server(("127.0.0.1", 0), servers.QuietRequestHandler, allow_reuse_address=False)
    handler = type("Handler", (_Handler,), {"upstream": backend.server_port})
    server = _Server(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy = Proxy(server.server_port, "https" if context is not None else "http")
    handler.proxy = proxy  # type: ignore[attr-defined]
    servers.move_settings(settings, proxy.port)
    _behind(settings, proxy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with servers.running(backend, []):
            yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _behind(settings: Any, proxy: Proxy) -> None:
    secure = proxy.scheme == "https"
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": proxy.origin, "TRUSTED_PROXIES": 1}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = secure
    settings.SECURE_SSL_REDIRECT = secure
    settings.SECURE_HSTS_SECONDS = 31_536_000 if secure else 0
