"""The provider under test: the project on a free port, over TLS, with its issuer there."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests import certificates, servers
from tests.conformance import tls_sites


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


def _configure(settings: Any, port: int, bundle: Path) -> None:
    servers.move_settings(settings, port)
    for name in ("PROVIDER_URL", "SITE_URLS", "PROVIDER_SITE", "CSP_FORM_ACTION", "OAUTH2_PROVIDER"):
        setattr(settings, name, tls_sites.encrypted(getattr(settings, name), f"http://localhost:{port}"))
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    # The relying parties of the tests are on this machine.
    outbound = {"OUTBOUND_ALLOW_LOOPBACK_HTTP": True, "OUTBOUND_CA_BUNDLE": str(bundle)}
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, **outbound}


@contextmanager
def serving(settings: Any, folder: Path) -> Iterator[Op]:
    """Run the provider while `settings`, pytest-django's wrapper, is moved to its address."""
    context, bundle = certificates.for_localhost(folder)
    with tls_sites.serving(context, lambda port: _configure(settings, port, bundle)) as sites:
        yield Op(sites.port, bundle, context, settings, sites.exceptions)
