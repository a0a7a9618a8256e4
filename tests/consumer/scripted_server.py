"""A server that says byte for byte what a test wants."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
Script = Callable[[socket.socket, bytes], None]


class Server:
    """A server that says byte for byte what a test wants, one script per connection."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script, self.context = script, context
        self.seen: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.stop.is_set():
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._talk(connection)
                except OSError:
                    continue

    def _talk(self, connection: socket.socket) -> None:
        if self.stop.is_set():
            return
        if self.context is not None:
            connection = self.context.wrap_socket(connection, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        # The whole of it: a connection that is closed upon unread bytes is reset, and takes the answer with it.
        head, _, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            piece = connection.recv(65536)
            if not piece:
                return
            body += piece
        request = head + b"\r\n\r\n" + body
        self.seen.append(request)
        self.script(connection, request)
        connection.close()

    def close(self) -> None:
        self.stop.set()
        with socket.socket() as knock:
            knock.connect_ex(("127.0.0.1", self.port))
        self.listener.close()
        self.thread.join(5)


@contextmanager
def serving(script: Script | bytes, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    def say(connection: socket.socket, request: bytes) -> None:
        connection.sendall(script)  # type: ignore[arg-type]

    server = Server(script if callable(script) else say, context)
    try:
        yield server
    finally:
        server.close()


def drip(event: threading.Event, head: bytes = b"") -> Script:
    """Send a byte whenever the client has had time to read one, until the client hangs up."""

    def script(connection: socket.socket, request: bytes) -> None:
        connection.sendall(head)
        while not event.wait(0.01):
            connection.sendall(b"x")

    return script
