"""An application that is told of security events: a real HTTP server that says what a test wants (RFC 8935)."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

ACCEPTED = (202, b"")


@dataclass(frozen=True)
class Push:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    token: str

    @property
    def header(self) -> dict[str, Any]:
        return jwt.get_unverified_header(self.token)

    @property
    def claims(self) -> dict[str, Any]:
        """Return the claims; nothing of them is verified."""
        claims: dict[str, Any] = jwt.decode(self.token, options={"verify_signature": False})
        return claims

    @property
    def event(self) -> tuple[str, dict[str, Any]]:
        """Return the one event's type, without what all types have in common, and its details."""
        ((name, details),) = self.claims["events"].items()
        return name.removeprefix("https://schemas.openid.net/secevent/"), details


@dataclass
class Receiver:
    """What came, and what is answered: `answers` in turn, then 202."""

    port: int = 0
    pushes: list[Push] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/who-knows-this"

    def refuses(self, code: str, status: int = 400) -> None:
        """Answer the next push with an error of RFC 8935."""
        self.answers.append((status, json.dumps({"err": code, "description": "private words"}).encode()))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            receiver.pushes.append(Push(self.path, dict(self.headers.items()), body))
            status, answer = receiver.answers.pop(0) if receiver.answers else ACCEPTED
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
