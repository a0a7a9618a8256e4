"""Many clients who ask at the same moment, each over a connection of its own that stays open."""

from __future__ import annotations

import http.client
import json
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

SIZE = 32
# A round that has not been answered by then hangs.
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its path on the site called ``host``, what it posts (``None``: a GET), and its headers."""

    host: str
    path: str
    form: dict[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def on_the_wire(self, more: Iterable[tuple[str, str]]) -> bytes:
        """Return the request as it is sent."""
        body = urlencode(self.form, doseq=True) if self.form is not None else ""
        lines = [f"{'GET' if self.form is None else 'POST'} {self.path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *more)]
        if self.form is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    location: str
    body: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """Return the JSON object of the body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def outcome(self) -> str:
        """Return the status, with the error's name where there is one."""
        if self.status < 400 or not self.body.startswith(b"{"):
            return str(self.status)
        return f"{self.status} {self.facts.get('error', '')}".strip()


class Client:
    """One connection to one process, opened again where the process has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def ask(self, sent: bytes) -> Answer:
        """Send a request; return its answer. Raises OSError when none comes."""
        connection = self.open()
        connection.sendall(sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
        if response.will_close:
            self.close()
        return Answer(response.status, response.headers.get("Location", ""), body)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Crowd:
    """The clients, spread evenly over the processes, which serve each by the headers of its process."""

    def __init__(self, ports: Sequence[int], *, size: int = SIZE) -> None:
        self.size, self._ports = size, ports
        self.headers: Sequence[tuple[tuple[str, str], ...]] = [()] * len(ports)
        self._clients = [Client(ports[number % len(ports)]) for number in range(size)]
        self._pool = ThreadPoolExecutor(size)

    def at_once(self, asks: Sequence[Ask]) -> list[Answer]:
        """Return the answers to requests that are sent at one moment, at most one by each client."""
        start = Barrier(len(asks))

        def go(number: int) -> Answer:
            client = self._clients[number]
            client.open()
            sent = asks[number].on_the_wire(self.headers[number % len(self._ports)])
            start.wait(timeout=PATIENCE)
            return client.ask(sent)

        return list(self._pool.map(go, range(len(asks)), timeout=2 * PATIENCE))

    def everybody(self, ask: Ask) -> list[Answer]:
        """Return what each client is answered when all ask the same."""
        return self.at_once([ask] * self.size)

    def one(self, ask: Ask, *, client: int = 0) -> Answer:
        """Return what one client is answered; those of the lowest numbers are each at another process."""
        return self._clients[client].ask(ask.on_the_wire(self.headers[client % len(self._ports)]))

    def each(self, asks: Sequence[Ask]) -> list[Answer]:
        """Return the answers to any number of requests."""
        parts = [asks[start : start + self.size] for start in range(0, len(asks), self.size)]
        return [answer for part in parts for answer in self.at_once(part)]

    def close(self) -> None:
        """Close every connection."""
        self._pool.shutdown()
        for client in self._clients:
            client.close()


def outcomes(answers: Iterable[Answer]) -> Counter[str]:
    """Count the answers by how they ended."""
    return Counter(answer.outcome for answer in answers)
