"""Two workers on one queue: each message is delivered by one of them; what a killed one held is taken up again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import event_receiver
from tests.scale import fleet as fleets
from tests.scale.application import Application

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]
PATIENCE = 60


def put(visit: Application, url: str, times: int) -> list[int]:
    """Write messages for the application's server; return their keys."""
    visit.code()  # an application hears of people whom it knows
    names = {"client_id": visit.made["client_id"], "username": visit.made["username"]}
    keys: list[int] = visit.fleet.console("put", url=url, times=times, **names)
    assert len(keys) == times
    return keys


def test_each_message_is_delivered_by_one_of_two_workers(fleet: fleets.Fleet, visit: Application, console: Any) -> None:
    before, times = console("tasks"), 30
    with event_receiver.receiving() as receiver:
        keys = put(visit, receiver.url, times)
        with fleet.worker() as one, fleet.worker() as other:
            deadline = threading.Event()
            threading.Timer(PATIENCE, deadline.set).start()
            while console("delivered", keys=keys) < times:
                assert one.poll() is None
                assert other.poll() is None
                assert not deadline.is_set(), receiver.pushes
        assert len({push.claims["jti"] for push in receiver.pushes}) == len(receiver.pushes) == times
    tasks = console("workers", since=before)
    assert len(tasks) >= times
    assert {len(ids) for ids in tasks} == {1}
    assert console("attempts", keys=keys) == [1] * times


@contextmanager
def hanging() -> Iterator[tuple[str, threading.Event]]:
    """Run a server that never answers; yield its address, and what says that somebody waits there."""
    came, end = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.set()
            end.wait(PATIENCE)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks/slow", came
    finally:
        end.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_message_that_a_killed_worker_held_goes_out_at_the_next_run(
    fleet: fleets.Fleet, visit: Application, console: Any
) -> None:
    with hanging() as (url, came):
        keys = put(visit, url, 1)
        with fleet.worker() as worker:
            assert came.wait(PATIENCE)
            fleets.kill(worker)
    with event_receiver.receiving() as receiver:
        names = {"client_id": visit.made["client_id"], "username": visit.made["username"]}
        console("put", url=receiver.url, times=0, **names)
        # The lease of the dead worker holds: nobody else delivers meanwhile.
        assert "0 delivered" in fleet.run("deliver_outbox").stdout
        assert receiver.pushes == []
        console("let_leases_end", keys=keys)
        fleet.run("deliver_outbox")
        assert console("delivered", keys=keys) == 1
        assert console("attempts", keys=keys) == [2]
        assert len(receiver.pushes) == 1
