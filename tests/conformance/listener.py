"""A relying party's addresses: a real server over TLS that keeps every request, for tests to look at."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    tls: str

    @property
    def parameters(self) -> dict[str, str]:
        """Return what was sent by the way the request came."""
        return self.form if self.method == "POST" else self.query


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    text: str = "<!doctype html><title>Received</title>"
    kind: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Listener:
    """What came, in order, and what is answered where: `pages` by path, else an empty page."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    def url(self, path: str) -> str:
        """Return the absolute address of a path here."""
        return f"{self.origin}{path}"

    def reply(self, received: Received) -> Reply:
        """Return what is answered to a request."""
        kind, text = self.pages.get(received.path, (Reply.kind, Reply.text))
        return Reply(text, kind)

    def at(self, path: str) -> list[Received]:
        """Return what came to a path."""
        return [request for request in self.received if request.path == path]


def _parsed(text: str) -> dict[str, str]:
    """Return parameters by name. Raises AssertionError for one that came twice (RFC 6749 3.1)."""
    values = parse_qs(text, keep_blank_values=True)
    repeated = sorted(name for name, several in values.items() if len(several) > 1)
    assert not repeated, f"sent more than once: {repeated}"
    return {name: several[0] for name, several in values.items()}


@contextmanager
def listening(context: ssl.SSLContext, given: Listener | None = None) -> Iterator[Listener]:
    """Run a listener on a free port of this machine: the one that is given, or a plain one."""
    listener = given or Listener()

    class Handler(BaseHTTPRequestHandler):
        def _keep(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            parts = urlsplit(self.path)
            connection: Any = self.connection
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
            form = _parsed(body) if is_form else {}
            received = Received(
                self.command, parts.path, _parsed(parts.query), form, headers, connection.version() or ""
            )
            # A browser asks for it by itself, at any time: it is part of no flow.
            if received.path != "/favicon.ico":
                listener.received.append(received)
            reply = listener.reply(received)
            answer = reply.text.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(answer)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _keep

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of a connection that a browser opened and did not use."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    listener.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
