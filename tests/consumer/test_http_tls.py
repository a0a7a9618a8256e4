"""Call other sites over TLS, verified: over real sockets."""

import datetime as dt
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consumer_site.errors import CallFailed, CallTimeout
from consumer_site.http import OutboundSession
from tests.consumer.scripted_server import OK, drip, serving


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOW_LOOPBACK_HTTP": True}


def configure(settings: Any, **options: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, **options}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context for localhost and the bundle that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    return context, chain


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
