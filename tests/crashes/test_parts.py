"""What the faults of this directory's other tests do not reach: a host's own transaction, tasks that kill workers."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from project.databases import read_caches
from provider_site.protocol.endpoints import machine_endpoint
from site_doctor import findings, inside_looks
from site_monitoring import checks
from site_monitoring.checks import NotReady
from tests import engines


@pytest.mark.django_db(transaction=True)
def test_transaction_of_the_host_around_an_endpoint_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def half(request: HttpRequest) -> HttpResponse:
        get_user_model().objects.create_user("half")
        raise OperationalError("database or disk is full")

    handler: Any = BaseHandler()
    answer = handler.make_view_atomic(machine_endpoint(half))(RequestFactory().get("/"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert not get_user_model().objects.exists()


def test_who_looks_after_the_site_is_told_that_redis_is_gone(settings: Any) -> None:
    nowhere = f"redis://127.0.0.1:{engines.free_port()}/0"
    settings.CACHES = read_caches(environ={"CACHE_URL": nowhere})
    caches["default"].set("kept", "here", 30)
    assert caches["default"].get("kept") == "here"
    with pytest.raises(NotReady, match="gone"):
        checks.ask_cache()
    with pytest.raises(findings.NotWell, match="does not answer"):
        inside_looks.cache()
    # A copy of a session is kept by no process for itself.
    caches["sessions"].set("kept", "here", 30)
    assert caches["sessions"].get("kept") is None


def held_by(workers: list[str], *, minutes: int) -> DBTaskResult[Any, Any]:
    """Return the row of a task that the last of the workers has begun so long ago."""
    now = timezone.now()
    return DBTaskResult.objects.create(
        status=TaskResultStatus.RUNNING,
        started_at=now - timedelta(minutes=minutes),
        run_after=now,
        args_kwargs={"args": [0], "kwargs": {}},
        task_path="provider_site.services.outbox.deliver_outbox_message",
        worker_ids=workers,
        backend_name="default",
        queue_name="default",
    )


def test_task_that_takes_its_workers_with_it_is_given_up(db: None) -> None:
    one, third, at_work = (
        held_by(["a"], minutes=61),
        held_by(["a", "b", "c"], minutes=61),
        held_by(["a"], minutes=59),
    )
    said = StringIO()
    call_command("release_tasks", stdout=said)
    assert said.getvalue() == "1 released, 1 given up\n"
    now = {row.pk: row for row in DBTaskResult.objects.all()}
    assert now[one.pk].status == TaskResultStatus.READY
    assert now[at_work.pk].status == TaskResultStatus.RUNNING
    given_up = now[third.pk].task_result
    assert given_up.status == TaskResultStatus.FAILED
    assert given_up.errors[0].exception_class.__name__ == "WorkersDied"
