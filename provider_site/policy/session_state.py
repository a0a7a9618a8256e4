"""What a client compares to learn whether somebody is still signed in here (OpenID Session Management 3.2)."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def browser_origin(uri: str) -> str | None:
    """Return the origin of an address as browsers write it (RFC 6454 6.2), or ``None`` for one that has none.

    An app's own scheme has no origin: nothing there can hold a frame of ours.
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or any(mark in host for mark in " ;,*\\"):
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in {None, _DEFAULT_PORTS[parts.scheme]} else "")


def session_state(*, client_id: str, origin: str, browser_state: str, salt: str) -> str:
    """Return the ``session_state`` of a client's pages at ``origin`` in a browser; the salt is no secret.

    Salted and hashed, it tells one client nothing of another's, nor anybody of the browser's own state.
    """
    digest = hashlib.sha256(f"{client_id} {origin} {browser_state} {salt}".encode()).hexdigest()
    return f"{digest}.{salt}"
