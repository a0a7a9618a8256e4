"""Call other sites within bounds, and never the wrong ones: over real sockets."""

import ipaddress
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from consumer_site.errors import (
    AnswerNotJSON,
    AnswerTooLarge,
    CallFailed,
    CallTimeout,
    DestinationRefused,
    RedirectRefused,
)
from consumer_site.http import OutboundSession, check_address, is_loopback_host, json_object
from tests.consumer.scripted_server import OK, Script, drip, serving
from tests.outside import OutsideConnectionError


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "ALLOW_LOOPBACK_HTTP": True}


def configure(settings: Any, **options: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, **options}


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_answer_within_the_bounds_arrives_whole() -> None:
    with serving(OK) as server, OutboundSession() as session:
        response = session.get(f"http://127.0.0.1:{server.port}/a?b=c")
        assert response.status_code == 200
        assert json_object(response) == {}
        assert b"GET /a?b=c HTTP/1.1" in server.seen[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"400\r\n" + b"x" * 1024 + b"\r\n400\r\n" + b"x" * 1024 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n" + b"x" * 5000,
    ],
    ids=["declared", "undeclared", "chunked", "a redirect's body"],
)
def test_oversized_answer_is_cut_off(settings: Any, answer: bytes) -> None:
    configure(settings, HTTP_MAX_BYTES=1500)
    with serving(answer) as server, OutboundSession() as session, pytest.raises(AnswerTooLarge):
        session.get(f"http://127.0.0.1:{server.port}/")


def test_compressed_bomb_is_cut_off(settings: Any) -> None:
    import gzip

    configure(settings, HTTP_MAX_BYTES=100_000)
    body = gzip.compress(b"0" * 5_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serving(head + body) as server, OutboundSession() as session, pytest.raises(AnswerTooLarge):
        session.get(f"http://127.0.0.1:{server.port}/")


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"]
)
def test_slow_drip_ends_at_the_total_time(settings: Any, head: bytes) -> None:
    configure(settings, HTTP_TOTAL_TIMEOUT=0.15, HTTP_READ_TIMEOUT=5)
    event = threading.Event()
    with serving(drip(event, head)) as server, OutboundSession() as session:
        with pytest.raises(CallTimeout):
            session.get(f"http://127.0.0.1:{server.port}/")
        event.set()


def test_total_time_is_the_injected_clock_s() -> None:
    ticks = iter(range(0, 1000, 15))
    with serving(OK) as server, OutboundSession(clock=lambda: next(ticks)) as session, pytest.raises(CallTimeout):
        session.get(f"http://127.0.0.1:{server.port}/")


def test_silent_server_ends_at_the_read_timeout(settings: Any) -> None:
    configure(settings, HTTP_READ_TIMEOUT=0.05)
    event = threading.Event()
    with serving(lambda connection, request: event.wait(5) and None) as server, OutboundSession() as session:
        with pytest.raises(CallTimeout):
            session.get(f"http://127.0.0.1:{server.port}/")
        event.set()


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"HTTP/1.1 abc\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnogz",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n"],
)  # fmt: skip
def test_broken_answer_is_our_error(answer: bytes) -> None:
    with serving(answer) as server, OutboundSession() as session, pytest.raises(requests.RequestException) as caught:
        session.get(f"http://127.0.0.1:{server.port}/")
    assert isinstance(caught.value, CallFailed)


def test_nobody_listening_is_our_error() -> None:
    with OutboundSession() as session, pytest.raises(CallFailed):
        session.get("http://127.0.0.1:9/")


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\udfff"}', b"[" * 99_999])
def test_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    response = requests.Response()
    response._content = body
    with pytest.raises(AnswerNotJSON):
        json_object(response)


# --- where it may go ------------------------------------------------------------------------------------------------


def test_loopback_is_refused_unless_allowed(settings: Any) -> None:
    configure(settings, ALLOW_LOOPBACK_HTTP=False)
    with serving(OK) as server, OutboundSession() as session:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1"):
            with pytest.raises((DestinationRefused, OutsideConnectionError)):
                session.get(f"http://{host}:{server.port}/")
        assert server.seen == []


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://x/", "/relative", "http://", "http:///x"]
)
def test_only_http_addresses_are_called(url: str) -> None:
    with OutboundSession() as session, pytest.raises((DestinationRefused, CallFailed)):
        session.get(url)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "192.0.2.1", "198.18.0.1", "fe80::1", "fc00::1", "fd00:ec2::254", "::", "ff02::1",
     "::ffff:10.0.0.1",
     "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "::10.0.0.1"],
)  # fmt: skip
def test_special_address_is_refused(address: str) -> None:
    with pytest.raises(DestinationRefused):
        check_address(ipaddress.ip_address(address), encrypted=True)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_address_is_called_over_tls_alone(address: str) -> None:
    check_address(ipaddress.ip_address(address), encrypted=True)
    with pytest.raises(DestinationRefused):
        check_address(ipaddress.ip_address(address), encrypted=False)


def test_listed_private_network_is_called_over_tls_alone(settings: Any) -> None:
    configure(settings, ALLOWED_NETWORKS=["10.1.0.0/16"])
    check_address(ipaddress.ip_address("10.1.2.3"), encrypted=True)
    for address, encrypted in (("10.1.2.3", False), ("10.2.0.1", True)):
        with pytest.raises(DestinationRefused):
            check_address(ipaddress.ip_address(address), encrypted=encrypted)


def resolver(*answers: list[str]) -> Callable[..., Any]:
    """Return a getaddrinfo that gives each answer once, in turn."""
    remaining = iter(answers)

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in next(remaining)
        ]

    return getaddrinfo


def test_name_that_changes_its_address_is_called_at_the_checked_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["93.184.216.34"], ["127.0.0.1"]))
    with serving(OK) as server, OutboundSession() as session:
        # The suite's own guard stops the connection, and names the address it was going to.
        with pytest.raises(OutsideConnectionError, match=r"93\.184\.216\.34"):
            session.get(f"https://rebind.example:{server.port}/")
        assert server.seen == []


def test_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["93.184.216.34", "10.0.0.1"]))
    with OutboundSession() as session, pytest.raises(DestinationRefused):
        session.get("https://mixed.example/")


def test_name_that_resolves_to_loopback_is_refused_unless_allowed(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(settings, ALLOW_LOOPBACK_HTTP=False)
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"]))
    with serving(OK) as server, OutboundSession() as session:
        with pytest.raises(DestinationRefused):
            session.get(f"http://innocent.example:{server.port}/")
        assert server.seen == []


def test_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(OK) as server, OutboundSession() as session:
        assert session.get(f"http://127.0.0.1:{server.port}/").status_code == 200


@pytest.mark.parametrize(
    ("host", "result"),
    [
        ("localhost", True),
        ("127.0.0.9", True),
        ("[::1]", True),
        ("", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
        (None, False),
    ],
)
def test_loopback_hosts_are_known_by_name(host: str | None, result: bool) -> None:
    assert is_loopback_host(host) is result


# --- redirects ------------------------------------------------------------------------------------------------------


def redirecting(target: str) -> Script:
    def script(connection: socket.socket, request: bytes) -> None:
        found = (
            b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % target.encode()
        )
        connection.sendall(found if request.startswith((b"GET /start ", b"GET /loop ")) else OK)

    return script


def test_redirect_within_the_origin_is_followed() -> None:
    with serving(redirecting("/end")) as server, OutboundSession() as session:
        assert session.get(f"http://127.0.0.1:{server.port}/start").status_code == 200
        assert len(server.seen) == 2


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "https://127.0.0.1/", "//example.com/", "http://localhost/"])
def test_redirect_to_another_origin_is_refused(target: str) -> None:
    with serving(redirecting(target)) as server, OutboundSession() as session, pytest.raises(RedirectRefused):
        session.get(f"http://127.0.0.1:{server.port}/start")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "file:///etc/passwd",
        "http://[::ffff:10.0.0.1]/",
    ],
)
def test_redirect_across_origins_is_guarded_anew(target: str) -> None:
    with serving(redirecting(target)) as server, OutboundSession(cross_origin=True) as session:
        with pytest.raises((DestinationRefused, OutsideConnectionError)) as caught:
            session.get(f"http://127.0.0.1:{server.port}/start")
        assert isinstance(caught.value, DestinationRefused)


def test_redirect_from_outside_to_loopback_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The first hop stands for a public site; by the second, loopback is what it is in production: refused.
    def script(connection: socket.socket, request: bytes) -> None:
        configure(settings, ALLOW_LOOPBACK_HTTP=False)
        redirecting("http://127.0.0.1:9/")(connection, request)

    with serving(script) as server, OutboundSession(cross_origin=True) as session, pytest.raises(DestinationRefused):
        session.get(f"http://127.0.0.1:{server.port}/start")


def test_endless_redirects_end() -> None:
    with serving(redirecting("/loop")) as server, OutboundSession() as session:
        with pytest.raises(RedirectRefused):
            session.get(f"http://127.0.0.1:{server.port}/start")
        assert len(server.seen) <= 5


# --- secrets --------------------------------------------------------------------------------------------------------


def test_neither_logs_nor_errors_hold_the_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") as server, OutboundSession() as session:
        response = session.get(f"http://127.0.0.1:{server.port}/token", params={"client_secret": "hush"})
        with pytest.raises(requests.HTTPError) as refused:
            response.raise_for_status()
    with OutboundSession() as session, pytest.raises(CallFailed) as failed:
        session.get("http://127.0.0.1:9/token", params={"client_secret": "hush"})
    assert "GET 127.0.0.1/token 404" in caplog.text
    assert "hush" not in caplog.text + str(refused.value) + repr(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


def test_cookies_are_not_carried_from_call_to_call() -> None:
    answer = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")
    with serving(answer) as server, OutboundSession() as session:
        session.get(f"http://127.0.0.1:{server.port}/")
        session.get(f"http://127.0.0.1:{server.port}/")
        assert b"cookie" not in server.seen[1].lower()
