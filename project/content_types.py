"""Leave the charset out of what clients say of a body's type: forms are UTF-8 (RFC 6749 B), and JSON is too (RFC 8259).

Django reads the query string by that charset as well, before any middleware or view, and raises for a codec that is
for no text (``hex``) or can't read it (``idna``): a client could so have any address answer 500.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Headers = Iterable[tuple[bytes, bytes]]


def plain(content_type: str) -> str:
    """Return the media type alone; that of a multipart body with its parameters, which say where its parts end."""
    return content_type if content_type.lower().startswith("multipart/") else content_type.partition(";")[0].strip()


def wsgi(application: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a WSGI application."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        if "CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = plain(environ["CONTENT_TYPE"])
        return application(environ, start_response)

    return serve


def asgi(application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap an ASGI application."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers: Headers = scope["headers"]
            scope = scope | {"headers": [(name, _plain_header(name, value)) for name, value in headers]}
        await application(scope, receive, send)

    return serve


def _plain_header(name: bytes, value: bytes) -> bytes:
    return plain(value.decode("latin-1")).encode("latin-1") if name.lower() == b"content-type" else value
