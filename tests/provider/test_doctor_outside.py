"""The doctor finds each fault planted between it and the site, and nothing where there is none."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from site_doctor import endpoint_looks, metadata_looks, page_looks, transport_looks
from site_doctor.caller import Caller
from site_doctor.findings import Finding, Look, Outcome, examine
from site_doctor.metadata_looks import Provider
from tests import certificates, faulty_proxy
from tests.faulty_proxy import Exchange, Fault, Proxy

EVERY: dict[str, Look] = {
    look.name: look
    for looks in (transport_looks.LOOKS, page_looks.LOOKS, metadata_looks.LOOKS, endpoint_looks.LOOKS)
    for look in looks
}
OF_PROVIDERS = {look.name for look in (*metadata_looks.LOOKS, *endpoint_looks.LOOKS)}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return certificates.for_localhost(tmp_path_factory.mktemp("tls"), days=90)


@pytest.fixture
def site(transactional_db: None, settings: Any, certificate: tuple[Any, Path]) -> Iterator[Proxy]:
    with faulty_proxy.serving(settings, certificate[0]) as proxy:
        yield proxy


def look_at(name: str, proxy: Proxy, bundle: Path | None, *more: object) -> Finding:
    caller = Caller(str(bundle) if bundle else None, timeout=20)
    patient = [Provider(caller, proxy.origin)] if name in OF_PROVIDERS else [caller, f"{proxy.origin}/"]
    (finding,) = examine([EVERY[name]], *patient, *more)
    return finding


def without(*names: str) -> Fault:
    return lambda exchange: exchange.drop(*names)


def having(name: str, value: str) -> Fault:
    return lambda exchange: exchange.put(name, value)


def appending(name: str, value: str) -> Fault:
    return lambda exchange: exchange.fields.append((name, value))


def at(path: str, fault: Fault) -> Fault:
    return lambda exchange: fault(exchange) if path in exchange.path else None


def document(path: str, change: Callable[[dict[str, Any]], None]) -> Fault:
    def spoil(exchange: Exchange) -> None:
        if path in exchange.path:
            told = json.loads(exchange.body)
            change(told)
            exchange.body = json.dumps(told).encode()

    return spoil


def metadata(**members: Any) -> Fault:
    return document("/.well-known/", lambda told: told.update(members))


def keys(change: Callable[[list[dict[str, Any]]], None]) -> Fault:
    return document("jwks", lambda told: change(told["keys"]))


def answered(status: int) -> Fault:
    def spoil(exchange: Exchange) -> None:
        exchange.status = status

    return spoil


def led_to(location: str, status: int = 302) -> Fault:
    def spoil(exchange: Exchange) -> None:
        exchange.status = status
        exchange.put("Location", location)

    return spoil


def saying(words: str) -> Fault:
    def spoil(exchange: Exchange) -> None:
        exchange.body += words.encode()

    return spoil


def believing(exchange: Exchange) -> None:
    """Plant a site that takes its name from the client."""
    exchange.body += (exchange.asked.get("X-Forwarded-Host") or exchange.asked.get("Host", "")).encode()
    exchange.status = 200


def echoing(exchange: Exchange) -> None:
    """Plant a page that writes the request's words down as they came."""
    exchange.body += unquote_plus(exchange.path).encode()


def passed_on(exchange: Exchange) -> None:
    """Plant a proxy that lets the client's own X-Forwarded-Proto through."""
    exchange.asked["X-Forwarded-Proto"] = exchange.asked["X-Came-Proto"]


def first_key(**members: Any) -> Fault:
    return keys(lambda found: found[0].update(members))


CSP = "Content-Security-Policy"
FAULTS: list[tuple[str, str, Fault]] = [
    ("https-only", "fail", without("Strict-Transport-Security")),
    ("https-only", "warn", having("Strict-Transport-Security", "max-age=60")),
    ("clock", "fail", having("Date", "Mon, 01 Jan 2024 00:00:00 GMT")),
    ("clock", "fail", having("Date", "yesterday")),
    ("clock", "skipped", without("Date")),
    ("content-policy", "fail", without(CSP)),
    ("content-policy", "fail", having(CSP, "default-src 'self' 'unsafe-inline'")),
    ("content-policy", "fail", having(CSP, "script-src *")),
    ("framing", "fail", without(CSP, "X-Frame-Options")),
    ("framing", "fail", having(CSP, "frame-ancestors *")),
    ("nosniff", "fail", without("X-Content-Type-Options")),
    ("referrer", "fail", having("Referrer-Policy", "unsafe-url")),
    ("referrer", "fail", without("Referrer-Policy")),
    ("software", "warn", having("Server", "nginx/1.24.0")),
    ("cookies", "fail", having("Set-Cookie", "sessionid=1; SameSite=Lax")),
    ("cookies", "fail", having("Set-Cookie", "sessionid=1; Secure")),
    ("cookies", "fail", having("Set-Cookie", "sessionid=1; Secure; SameSite=Lax; Domain=example.com")),
    ("cookies", "skipped", without("Set-Cookie")),
    ("unknown-host", "fail", believing),
    ("forwarded-host", "fail", believing),
    ("debug", "fail", saying("You're seeing this error because you have DEBUG = True")),
    ("health", "fail", at("health", answered(503))),
    ("health", "fail", at("health", saying("-"))),
    ("health", "fail", document("health", lambda told: told.update(checks=[]))),
    ("health", "warn", document("health", lambda told: told.update(status="degraded"))),
    ("health", "skipped", at("health", answered(404))),
    ("discovery", "fail", metadata(issuer="https://other.example.com")),
    ("discovery", "fail", metadata(jwks_uri="")),
    ("discovery", "fail", having("Content-Type", "text/html")),
    ("discovery", "fail", answered(503)),
    ("discovery", "fail", saying("<!-- -->")),
    ("oauth-metadata", "fail", at("oauth-authorization-server", metadata(token_endpoint="https://x.example/"))),
    ("oauth-metadata", "warn", at("oauth-authorization-server", answered(404))),
    ("endpoints", "fail", metadata(token_endpoint="https://x.example/token")),
    ("endpoints", "fail", metadata(token_endpoint="http://id.example.com/token")),
    ("response-types", "fail", metadata(response_types_supported=["code", "id_token token"])),
    ("grant-types", "fail", metadata(grant_types_supported=["authorization_code", "password"])),
    ("pkce", "fail", metadata(code_challenge_methods_supported=[])),
    ("pkce", "fail", metadata(code_challenge_methods_supported=["S256", "plain"])),
    ("algorithms", "fail", metadata(id_token_signing_alg_values_supported=["RS256", "none"])),
    ("algorithms", "warn", metadata(id_token_signing_alg_values_supported=["RS256", "HS256"])),
    ("algorithms", "warn", metadata(id_token_signing_alg_values_supported=["ES256"])),
    ("iss-parameter", "fail", metadata(authorization_response_iss_parameter_supported=False)),
    ("jwks", "fail", keys(list.clear)),
    ("jwks", "fail", first_key(d="secret")),
    ("jwks", "fail", keys(lambda found: found.append(found[0]))),
    ("jwks", "fail", first_key(use="enc")),
    ("jwks", "fail", at("jwks", answered(500))),
    ("jwks-sizes", "fail", first_key(kty="RSA", n="A" * 171)),
    ("jwks-sizes", "fail", first_key(alg="XS256")),
    ("jwks-sizes", "skipped", keys(list.clear)),
    ("jwks-caching", "warn", at("jwks", having("Cache-Control", "no-store"))),
    ("jwks-caching", "fail", at("jwks", having("Cache-Control", "max-age=604800"))),
    ("token-get", "fail", at("token", answered(200))),
    ("token-wrong-client", "fail", at("token", answered(200))),
    ("token-wrong-client", "fail", at("token", without("WWW-Authenticate"))),
    ("token-wrong-client", "fail", at("token", saying("nonsense"))),
    ("token-wrong-client", "skipped", at("token", answered(429))),
    ("token-no-store", "fail", at("token", without("Cache-Control"))),
    ("cross-origin", "fail", at("authorize", having("Access-Control-Allow-Origin", "*"))),
    ("cross-origin", "fail", at("token", having("Access-Control-Allow-Credentials", "true"))),
    ("unregistered-redirect", "fail", at("authorize", led_to("https://stranger.invalid/callback?error=x"))),
    ("unregistered-redirect", "fail", at("authorize", answered(200))),
    ("authorize-page", "fail", at("authorize", having("Cache-Control", "public"))),
    ("authorize-page", "fail", at("authorize", without(CSP, "X-Frame-Options"))),
    ("authorize-page", "fail", at("authorize", having("Referrer-Policy", "unsafe-url"))),
    ("no-echo", "fail", at("authorize", echoing)),
    ("query-secret", "fail", at("token", answered(200))),
    ("introspection", "fail", at("introspect", answered(200))),
    ("userinfo", "fail", at("userinfo", answered(200))),
    ("userinfo", "fail", at("userinfo", without("WWW-Authenticate"))),
]


def test_nothing_is_found_where_nothing_is_wrong(site: Proxy, certificate: Any) -> None:
    # No other port leads here from http, and not every OpenSSL knows old versions.
    may_be_skipped = {"http-redirect", "tls-old-versions"}
    for name in EVERY:
        finding = look_at(name, site, certificate[1])
        assert finding.outcome == Outcome.OK or (name in may_be_skipped and finding.outcome == Outcome.SKIPPED), finding


def test_every_look_has_a_fault_that_it_finds() -> None:
    elsewhere = {"http-redirect", "tls-old-versions", "tls-certificate", "tls-days-left", "tls-strength"}
    assert EVERY.keys() - {name for name, _outcome, _fault in FAULTS} == elsewhere | {"forwarded-protocol"}


@pytest.mark.parametrize(("name", "outcome", "fault"), FAULTS)
def test_planted_fault_is_found(site: Proxy, certificate: Any, name: str, outcome: str, fault: Fault) -> None:
    site.spoil = fault
    finding = look_at(name, site, certificate[1])
    assert finding.outcome == outcome, finding
    assert finding.told
    assert finding.hint or outcome == "skipped"


def test_proxy_that_passes_the_clients_own_word_on_https_is_found(site: Proxy, certificate: Any) -> None:
    site.spoil_request = passed_on
    assert look_at("forwarded-protocol", site, certificate[1]).outcome == Outcome.FAIL


def test_limits_hold_whatever_a_client_forwards(settings: Any, site: Proxy, certificate: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"RATE_LIMITS": {"failures": "10/m"}}
    provider = Provider(Caller(str(certificate[1])), site.origin)
    (finding,) = examine([endpoint_looks.LIMITED], provider, 25)
    assert finding.outcome == Outcome.OK, finding
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"TRUSTED_PROXIES": 2}  # now the client writes its own address
    (finding,) = examine([endpoint_looks.LIMITED], provider, 25)
    assert finding.outcome == Outcome.FAIL
    assert finding.told == "25 wrong secrets, and no 429: no limit, or X-Forwarded-For of a client is believed"


@pytest.mark.parametrize(
    ("name", "days", "expected"),
    [
        ("tls-certificate", 90, "ok"),
        ("tls-days-left", 20, "warn"),
        ("tls-days-left", 6, "fail"),
        ("tls-certificate", -1, "fail"),
        ("tls-days-left", -1, "fail"),
    ],
)
def test_certificate_near_its_end_is_found(
    transactional_db: None, settings: Any, tmp_path: Path, name: str, days: int, expected: str
) -> None:
    context, bundle = certificates.for_localhost(tmp_path, days=days)
    with faulty_proxy.serving(settings, context) as site:
        finding = look_at(name, site, bundle)
        assert finding.outcome == expected, finding
        if days < 0:
            assert "expired" in finding.told or finding.told.startswith("-1 days left")
        assert look_at("tls-certificate", site, None).outcome == Outcome.FAIL  # nobody else believes it
        assert look_at("clock", site, None).outcome == Outcome.SKIPPED


def test_certificate_of_another_name_is_found(transactional_db: None, settings: Any, tmp_path: Path) -> None:
    context, bundle = certificates.for_localhost(tmp_path, name="other.example.com", days=90)
    with faulty_proxy.serving(settings, context) as site:
        finding = look_at("tls-certificate", site, bundle)
    assert finding.outcome == Outcome.FAIL
    assert "localhost" in finding.told


def test_address_in_clear_is_a_failure_unless_it_is_of_this_machine() -> None:
    (finding,) = examine([EVERY["tls-certificate"]], Caller(), "http://id.example.com/")
    assert finding.outcome == Outcome.FAIL
    (finding,) = examine([EVERY["tls-certificate"]], Caller(), "http://localhost/")
    assert finding.outcome == Outcome.SKIPPED


@contextmanager
def shaking_hands(context: ssl.SSLContext) -> Iterator[str]:
    """Answer handshakes, and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _peer = listener.accept()
                except OSError:
                    return
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as secured:
                    secured.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_version_of_tls_is_found(tmp_path: Path) -> None:
    context, _bundle = certificates.for_localhost(tmp_path)
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with shaking_hands(context) as address:
        (finding,) = examine([EVERY["tls-old-versions"]], Caller(), address)
    # Where this machine's own OpenSSL knows the version no more, nothing can be said.
    assert (finding.outcome, finding.told) == (Outcome.FAIL, "TLSv1.1 is accepted") or (
        finding.outcome == Outcome.SKIPPED and "OpenSSL" in finding.told
    )


def test_short_key_is_found(tmp_path: Path) -> None:
    context, _bundle = certificates.for_localhost(tmp_path, rsa_bits=1024)
    with shaking_hands(context) as address:
        (finding,) = examine([EVERY["tls-strength"]], Caller(), address)
    assert (finding.outcome, finding.told) == (Outcome.FAIL, "an RSA key of 1024 bits")


@dataclass(frozen=True)
class OnAnotherPort(Caller):
    """A caller to whom port 80 is a server of the tests."""

    instead: int = 0

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        return super()._connection(scheme, "127.0.0.1", self.instead)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.0 301 Moved\r\nLocation: https://id.example.com/\r\n\r\n", "ok"),
        (b"HTTP/1.0 301 Moved\r\nLocation: https://other.example.com/\r\n\r\n", "fail"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", "fail"),
        (b"", "ok"),
    ],
)
def test_way_from_http_to_https_is_looked_at(answer: bytes, outcome: str) -> None:
    def serve(listener: socket.socket) -> None:
        with suppress(OSError), listener.accept()[0] as plain:
            plain.recv(65536)
            plain.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        caller = OnAnotherPort(instead=listener.getsockname()[1])
        (finding,) = examine([EVERY["http-redirect"]], caller, "https://id.example.com/")
        thread.join()
    assert finding.outcome == outcome, finding
