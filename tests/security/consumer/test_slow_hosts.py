"""Hold the site's workers by a host that answers slowly: over many redirects, and on many pages at once."""

import re
import socket
import threading
from typing import Any

import pytest
from django.test import Client

from consumer_site.errors import CallTimeout, OutboundError
from consumer_site.http import OutboundSession
from tests.consumer.journey import HOST, Journey
from tests.consumer.openid_provider import PICTURE, Answer
from tests.consumer.scripted_server import serving

pytestmark = pytest.mark.django_db


def test_redirects_share_one_total_time() -> None:
    now = [0.0]

    def redirect(connection: socket.socket, request: bytes) -> None:
        now[0] += 8
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with serving(redirect) as server, OutboundSession(clock=lambda: now[0]) as session:
        with pytest.raises(OutboundError) as caught:
            session.get(f"http://127.0.0.1:{server.port}/")
        assert isinstance(caught.value, CallTimeout)
        assert len(server.seen) == 3


def test_next_call_of_a_session_has_its_own_total_time() -> None:
    now = [0.0]

    def answer(connection: socket.socket, request: bytes) -> None:
        now[0] += 15
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with serving(answer) as server, OutboundSession(clock=lambda: now[0]) as session:
        for _call in range(3):
            assert session.get(f"http://127.0.0.1:{server.port}/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_slow_picture_is_fetched_by_one_page_at_a_time(journey: Journey) -> None:
    arrived, release = threading.Event(), threading.Event()

    def slow(_received: Any) -> Answer:
        arrived.set()
        release.wait(10)
        return Answer(PICTURE)

    journey.house.replies["/picture"] = slow
    journey.sign_in()
    cookies = dict(journey.visitor.cookies)
    pages: list[int] = []

    def open_calendar() -> None:
        from django.db import connection

        tab = Client(headers={"host": HOST})
        tab.cookies.update(cookies)
        pages.append(tab.get("/calendar/").status_code)
        connection.close()

    first = threading.Thread(target=open_calendar)
    first.start()
    try:
        assert arrived.wait(5)
        text = journey.visitor.get("/calendar/").content.decode()
        assert not re.search(r'<img class="avatar"', text)
        assert len(journey.house.requests_to("/picture")) == 1
    finally:
        release.set()
        first.join(10)
    assert pages == [200]
    assert re.search(r'<img class="avatar"', journey.visitor.get("/calendar/").content.decode())
