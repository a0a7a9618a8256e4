"""A body's charset decides nothing: neither how a query is read, nor whether the server can answer."""

import asyncio
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import Client

from project import content_types
from project.asgi import application as asgi
from project.wsgi import application as wsgi

# For no text; can't read the query; are for text, and read it as another one.
CHARSETS = ["hex", "rot13", "idna", "undefined", "utf-7", "utf-16", "cp037", "unicode_escape", "nonsense"]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("path", ["/o/authorize/", "/o/token/", "/accounts/login/"])
def test_no_charset_is_a_fault_of_the_server(db: None, path: str, charset: str) -> None:
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "QUERY_STRING": "client_id=%ff&state=\xe9",
        "CONTENT_TYPE": f"application/x-www-form-urlencoded; charset={charset}",
        "HTTP_HOST": "localhost:8000",
    }
    setup_testing_defaults(environ)
    # As Django's handler does behind the wrapper, but for the connection of the database, which tests keep open.
    serve = content_types.wsgi(lambda given, _start: Client().handler(given))
    assert serve(environ, None).status_code in {200, 302, 400, 405}
    assert wsgi.__module__ == content_types.__name__


def test_asgi_server_is_given_the_type_alone() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["headers"])

    headers = [(b"content-type", b"text/plain; charset=hex"), (b"x-other", b"a; charset=hex")]
    asyncio.run(content_types.asgi(application)({"type": "http", "headers": headers}, None, None))
    assert seen == [[(b"content-type", b"text/plain"), (b"x-other", b"a; charset=hex")]]
    assert asgi.__module__ == content_types.__name__


def test_parts_of_a_body_keep_their_boundary() -> None:
    assert content_types.plain("multipart/form-data; boundary=x") == "multipart/form-data; boundary=x"
