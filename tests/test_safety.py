"""The test suite's own promises: no outside connection, engines that start."""

import socket
import urllib.request

import pytest

from tests.outside import OutsideConnectionError


def test_connecting_to_an_outside_address_is_refused() -> None:
    with pytest.raises(OutsideConnectionError), socket.socket() as sock:
        sock.connect(("192.0.2.1", 80))


def test_resolving_an_outside_name_is_refused() -> None:
    with pytest.raises(OutsideConnectionError):
        urllib.request.urlopen("http://www.example.com/")


def test_datagram_to_an_outside_address_is_refused() -> None:
    with pytest.raises(OutsideConnectionError), socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("192.0.2.1", 53))


def test_connecting_to_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.postgres
def test_throw_away_postgresql_answers(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.redis
def test_throw_away_redis_answers(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


@pytest.mark.browser
def test_browser_cannot_leave_this_machine(page: object) -> None:
    from playwright.sync_api import Error

    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.context.browser.new_page().goto("http://www.example.com/")  # type: ignore[attr-defined]
