"""A host that publishes a sector identifier document, over TLS on this machine."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import certificates
from tests.consumer.scripted_server import serving


class SectorHost:
    """What it answers is in ``listed``, or in ``raw`` where that is set."""

    def __init__(self) -> None:
        self.listed: Sequence[Any] = ()
        self.raw: bytes | None = None
        self.port = 0
        self.seen: list[bytes] = []

    @property
    def uri(self) -> str:
        return f"https://localhost:{self.port}/sector.json"

    def answer(self) -> bytes:
        if self.raw is not None:
            return self.raw
        body = json.dumps(self.listed).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)


@contextmanager
def publishing(settings: Any, folder: Path) -> Iterator[SectorHost]:
    """Serve it, and let the provider call it."""
    context, bundle = certificates.for_localhost(folder)
    outbound = {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True, "OUTBOUND_CA_BUNDLE": str(bundle)}
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, **outbound}
    host = SectorHost()
    with serving(lambda connection, _request: connection.sendall(host.answer()), context) as server:
        host.port, host.seen = server.port, server.seen
        yield host
