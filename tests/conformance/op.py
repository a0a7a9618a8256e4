"""The provider under test: the project on a free port, over TLS, with its issuer there."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.signals import got_request_exception

from tests import certificates, servers


@dataclass
class Op:
    """A running provider as its relying parties know it: by its issuer, and by what it publishes."""

    port: int
    bundle: Path
    tls: ssl.SSLContext
    settings: Any
    exceptions: list[BaseException] = field(default_factory=list)
    _known: dict[str, Any] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def discovery_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def call(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request of a relying party's server: no cookies, no redirects followed."""
        with requests.Session() as session:
            session.headers["Connection"] = "close"  # or the server's thread would wait for more
            return session.request(method, url, verify=str(self.bundle), timeout=20, allow_redirects=False, **options)

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document as it is now."""
        document: dict[str, Any] = self.call("GET", self.discovery_url).json()
        return document

    def endpoint(self, name: str) -> str:
        """Return an address of the metadata, which is read once for all."""
        if not self._known:
            self._known.update(self.metadata())
        address: str = self._known[name]
        return address

    def jwks(self) -> dict[str, Any]:
        """Return the published keys as they are now."""
        keys: dict[str, Any] = self.call("GET", self.endpoint("jwks_uri")).json()
        return keys


class _Handler(servers.QuietRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return super().get_environ() | {"HTTPS": "on"}


class _Server(ThreadedWSGIServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a browser opens connections it does not use
            super().handle_error(request, client_address)


def _https(value: Any, port: int) -> Any:
    """Return `value` with the provider's address over TLS, however deep it is."""
    if isinstance(value, str):
        return value.replace(f"http://localhost:{port}", f"https://localhost:{port}")
    if isinstance(value, dict):
        return {_https(key, port): _https(item, port) for key, item in value.items()}
    if type(value) in {list, tuple, set, frozenset}:
        return type(value)(_https(item, port) for item in value)
    return value


def _configure(settings: Any, port: int, bundle: Path) -> None:
    servers.move_settings(settings, port)
    for name in ("PROVIDER_URL", "SITE_URLS", "PROVIDER_SITE", "CSP_FORM_ACTION", "OAUTH2_PROVIDER"):
        setattr(settings, name, _https(getattr(settings, name), port))
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    # The relying parties of the tests are on this machine.
    outbound = {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True, "OUTBOUND_CA_BUNDLE": str(bundle)}
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, **outbound}


@contextmanager
def serving(settings: Any, folder: Path) -> Iterator[Op]:
    """Run the provider while `settings`, pytest-django's wrapper, is moved to its address."""
    context, bundle = certificates.for_localhost(folder)
    server = _Server(("127.0.0.1", 0), _Handler, allow_reuse_address=False)
    # The handshake is the handler thread's business: a connection without one must not stop the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    op = Op(server.server_port, bundle, context, settings)
    _configure(settings, op.port, bundle)
    server.set_app(StaticFilesHandler(WSGIHandler()))

    def keep(sender: Any, **kwargs: Any) -> None:
        if (exception := sys.exc_info()[1]) is not None:
            op.exceptions.append(exception)

    got_request_exception.connect(keep)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield op
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        got_request_exception.disconnect(keep)
