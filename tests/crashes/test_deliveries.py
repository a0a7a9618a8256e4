"""A worker is killed in the middle of a delivery: what it held goes out all the same, under the same name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests import event_receiver
from tests.crashes import integrity
from tests.scale import fleet as fleets
from tests.scale.application import Application
from tests.scale.fleet import Fleet

pytestmark = pytest.mark.slow
PATIENCE = 60


class Held(list[tuple[int, bytes]]):
    """Answers of which the first is given when a test lets it go: its request has come by then."""

    def __init__(self) -> None:
        super().__init__([event_receiver.ACCEPTED])
        self.came, self.let_go = threading.Event(), threading.Event()

    def pop(self, index: Any = -1) -> tuple[int, bytes]:
        """Return an answer, once it may be given."""
        answer = super().pop(index)
        self.came.set()
        self.let_go.wait(PATIENCE)
        return answer


def statuses(fleet: Fleet) -> list[str]:
    """Return how the tasks of the queue stand."""
    found = integrity.rows(fleet.environment["DATABASE_URL"], "SELECT status FROM django_tasks_database_dbtaskresult")
    return sorted({status for (status,) in found})


def test_message_of_a_killed_worker_goes_out_again_and_its_task_does_not_run_for_ever(
    serve: Callable[..., Fleet],
) -> None:
    fleet = serve("sqlite")
    visit = Application(fleet, fleet.console("person"))
    visit.code()  # an application hears of people whom it knows
    fleet.run("db_worker", "--batch", "--no-startup-delay", "--no-reload", "-v0")
    with event_receiver.receiving() as receiver:
        receiver.answers = held = Held()
        names = {"client_id": visit.made["client_id"], "username": visit.made["username"]}
        keys = fleet.console("put", url=receiver.url, times=1, **names)
        with fleet.worker() as worker:
            assert held.came.wait(PATIENCE)
            fleets.kill(worker)
        held.let_go.set()
        assert "RUNNING" in statuses(fleet)
        fleet.console("let_leases_end", keys=keys)
        assert fleet.console("command", name="deliver_outbox", arguments=[]) == "1 delivered\n"
        # Both deliveries name the same event: whoever remembers names does it once.
        assert len({push.claims["jti"] for push in receiver.pushes}) == 1
        assert len(receiver.pushes) == 2
        # Nobody takes from a worker what it may still be at.
        assert fleet.console("command", name="release_tasks", arguments=[]) == "0 released, 0 given up\n"
        assert fleet.console("command", name="release_tasks", arguments=["--minutes", "0"]).startswith("1 released")
        fleet.run("db_worker", "--batch", "--no-startup-delay", "--no-reload", "-v0")
        assert statuses(fleet) == ["SUCCESSFUL"]
        assert len(receiver.pushes) == 2
