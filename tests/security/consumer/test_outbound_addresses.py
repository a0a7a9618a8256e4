"""Make the consumer call machines that only it can reach, or a proxy of somebody's choice."""

import _socket
import socket
from typing import Any

import pytest
import requests

from consumer_site.errors import DestinationRefused, OutboundError
from consumer_site.http import OutboundSession
from consumer_site.openid.metadata import is_endpoint
from tests.consumer.journey import Journey, assert_error_page
from tests.consumer.openid_provider import Answer
from tests.consumer.scripted_server import OK, serving
from tests.consumer.test_http import resolver
from tests.outside import OutsideConnectionError


def numeric(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
    """Resolve as the machine does, every odd spelling of an address included, but ask no name server."""
    return _socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)


@pytest.fixture
def production(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", numeric)
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOW_LOOPBACK_HTTP": False}


# Each as a person's, a provider's or an admin's text could spell it; the resolver is the machine's own.
SPELLINGS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
    "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]",
    "10.0.0.1", "0xa000001", "167772161", "012.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254", "2852039166",
    "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]", "[::ffff:0:a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2001:0:a9fe:a9fe::]", "[5f00::1]",
    "[100::1]", "[2001:db8::1]", "[ff02::1]", "100.64.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "localhost", "LOCALHOST", "localhost.", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "①②⑦.⓪.⓪.①",
    "127。0。0。1", "user:password@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1#@example.com",
    "127.0.0.1\\@example.com", "127.0.0.1%2f@example.com",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_private_machine_is_not_called_however_it_is_spelled(production: None, scheme: str, spelling: str) -> None:
    with OutboundSession(cross_origin=True) as session, pytest.raises(OutboundError):
        session.get(f"{scheme}://{spelling}/latest/meta-data/")


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1:{port}", "127.1:{port}", "2130706433:{port}", "[::ffff:7f00:1]:{port}"]
)
def test_listening_private_machine_hears_nothing(production: None, spelling: str) -> None:
    with serving(OK) as server, OutboundSession() as session:
        with pytest.raises(DestinationRefused):
            session.get("http://" + spelling.format(port=server.port))
        assert server.seen == []


@pytest.mark.parametrize("others", [["127.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["fec0::1"], ["8.8.8.8", "0.0.0.0"]])
@pytest.mark.parametrize("first", [True, False])
def test_name_with_any_private_address_is_not_called(
    production: None, monkeypatch: pytest.MonkeyPatch, others: list[str], first: bool
) -> None:
    addresses = [*others, "93.184.216.34"] if first else ["93.184.216.34", *others]
    monkeypatch.setattr(socket, "getaddrinfo", resolver(addresses))
    with OutboundSession() as session, pytest.raises(DestinationRefused):
        session.get("https://mixed.example/")


@pytest.mark.parametrize("allowed", [False, True])
def test_redirect_chain_is_guarded_at_each_hop(settings: Any, monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    """The first hop is one of ours; then a public name, which resolves to the metadata address."""

    def redirect(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://innocent.example/\r\nContent-Length: 0\r\n\r\n")

    real = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        return resolver(["169.254.169.254"])(host, *args) if host == "innocent.example" else real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with serving(redirect) as server, OutboundSession(cross_origin=allowed) as session, pytest.raises(OutboundError):
        session.get(f"http://127.0.0.1:{server.port}/")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"])
def test_proxy_of_the_environment_hears_nothing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(OK) as proxy, serving(OK) as server:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with OutboundSession() as session:
            assert session.get(f"http://127.0.0.1:{server.port}/").status_code == 200
            with pytest.raises((OutboundError, OutsideConnectionError)):
                session.get("https://93.184.216.34/")
        assert proxy.seen == []


def test_passwords_and_bundles_of_the_environment_are_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(netrc))
    with serving(OK) as server, OutboundSession() as session:
        prepared = session.prepare_request(requests.Request("GET", f"http://127.0.0.1:{server.port}/"))
        assert "Authorization" not in prepared.headers
        session.get(f"http://127.0.0.1:{server.port}/")
        assert b"authorization" not in server.seen[0].lower()
        assert session.merge_environment_settings("https://x.example/", {}, None, None, None)["verify"] is True


@pytest.mark.parametrize("text", ["a\r\nX-Injected: 1", "a\nb", "a\r\n\r\nGET /evil HTTP/1.1"])
def test_header_or_address_brings_no_line_of_its_own(text: str) -> None:
    with serving(OK) as server, OutboundSession() as session:
        with pytest.raises(OutboundError):
            session.get(f"http://127.0.0.1:{server.port}/", headers={"Accept": text})
        session.get(f"http://127.0.0.1:{server.port}/" + text, params={"q": text})
        assert all(b"\r\nX-Injected" not in request and b"\nGET /evil" not in request for request in server.seen)


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/", "http://10.0.0.1/", "http://example.com/", "https://user@example.com/",
     "//example.com/", "file:///etc/passwd", "gopher://x/", "https://", "https:///x", "https://x.example\\@127.0.0.1/", "https://x\r\ny/",
     "https://x.example:99999/", "https://[::1", "https://ⓔxample.com/", "https://x.example/#f", "javascript:x", "", 7],
)  # fmt: skip
def test_address_that_a_provider_publishes_is_an_endpoint_only_if_plain(address: object) -> None:
    assert is_endpoint(address) is False


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["token_endpoint", "userinfo_endpoint", "jwks_uri"])
def test_discovery_does_not_lead_to_private_machines(journey: Journey, name: str) -> None:
    journey.house.bend_discovery = lambda document: document.update({name: "https://169.254.169.254/latest/"})
    assert_error_page(journey.sign_in(), 502, "reached right now")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/token", "/userinfo", "/jwks"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_secret_of_a_request_does_not_follow_a_redirect(journey: Journey, path: str, status: int) -> None:
    with serving(OK) as evil:
        target = f"http://127.0.0.1:{evil.port}/"
        journey.house.replies[path] = Answer({}, status=status, headers={"Location": target})
        assert_error_page(journey.sign_in(), 502)
        assert evil.seen == []
