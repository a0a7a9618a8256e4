"""Call other sites over TLS, verified: over real sockets."""

import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from consumer_site.errors import CallFailed, CallTimeout
from consumer_site.http import OutboundSession
from tests import certificates
from tests.consumer.scripted_server import OK, drip, serving


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOW_LOOPBACK_HTTP": True}


def configure(settings: Any, **options: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, **options}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context for localhost and the bundle that trusts it."""
    return certificates.for_localhost(tmp_path_factory.mktemp("tls"))


def test_tls_is_verified_against_the_configured_bundle(settings: Any, certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, bundle = certificate
    with serving(OK, context) as server:
        with OutboundSession() as session, pytest.raises(CallFailed):
            session.get(f"https://localhost:{server.port}/")
        configure(settings, HTTP_CA_BUNDLE=str(bundle))
        with OutboundSession() as session:
            assert session.get(f"https://localhost:{server.port}/").status_code == 200
        with OutboundSession() as session, pytest.raises(CallFailed):
            session.get(f"https://127.0.0.1:{server.port}/")  # the certificate is another name's


def test_slow_drip_over_tls_ends_at_the_total_time(settings: Any, certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, bundle = certificate
    configure(settings, HTTP_CA_BUNDLE=str(bundle), HTTP_TOTAL_TIMEOUT=0.3)
    event = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
    with serving(drip(event, head), context) as server, OutboundSession() as session:
        with pytest.raises(CallTimeout):
            session.get(f"https://localhost:{server.port}/")
        event.set()
