"""Answer a provider's addresses on loopback with the bytes a test chose, and keep what was asked.

It knows no provider: no parser, no rule. What it serves was written down by others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit


class Canned(NamedTuple):
    """One answer, byte for byte."""

    body: bytes
    status: int = 200
    headers: tuple[bytes, ...] = (b"Content-Type: text/html",)
    cut_short: int = 0


class Asked(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    headers: dict[str, str]

    @property
    def form(self) -> dict[str, list[str]]:
        """Return the fields of the body."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


@dataclass
class CannedProvider:
    """The answers to give by path, in order, the last of them for ever; and the requests so far."""

    base_url: str
    answers: dict[str, list[Canned]] = field(default_factory=dict, repr=False)
    asked: list[Asked] = field(default_factory=list, repr=False)

    def answer(self, path: str, *canned: Canned | bytes) -> None:
        """Give these answers at a path."""
        self.answers[path] = [item if isinstance(item, Canned) else Canned(item) for item in canned]

    def asked_at(self, path: str) -> list[dict[str, list[str]]]:
        """Return the queries that came to a path."""
        return [request.query for request in self.asked if request.path == path]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        provider: CannedProvider = self.server.provider  # type: ignore[attr-defined]  # ours
        address = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        query = parse_qs(address.query, keep_blank_values=True)
        provider.asked.append(
            Asked(self.command, address.path, query, self.rfile.read(size), dict(self.headers.items()))
        )
        queue = provider.answers.get(address.path)
        if not queue:
            canned = Canned(b"no answer was canned for this path", 404)
        else:
            canned = queue.pop(0) if len(queue) > 1 else queue[0]
        length = len(canned.body) + canned.cut_short
        head = [b"HTTP/1.1 %d Canned" % canned.status, b"Content-Length: %d" % length, *canned.headers]
        # A client that has read enough hangs up.
        with suppress(ConnectionError):
            self.wfile.write(b"\r\n".join(head) + b"\r\nConnection: close\r\n\r\n" + canned.body)
        self.close_connection = True

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def serve() -> Iterator[CannedProvider]:
    """Run the server on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    provider = CannedProvider(f"http://127.0.0.1:{server.server_port}")
    server.provider = provider  # type: ignore[attr-defined]  # ours
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
