"""Give the queue back what workers held when they died."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

# A task that has taken so many workers with it is not given to another.
MOST_WORKERS = 3


class WorkersDied(Exception):
    """The workers that a task was given to, one after the other, have died."""


GIVEN_UP = f"{WorkersDied.__module__}.{WorkersDied.__qualname__}"


class Command(BaseCommand):
    """Run by a timer: the row of a task says RUNNING for ever where its worker was killed."""

    help = "Let other workers do what killed ones held. Safe to run at any time, and more than once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the time after which nobody is at work on a task any more."""
        parser.add_argument(
            "--minutes", type=int, default=60, help="for how long a task may run (default: %(default)s)"
        )

    def handle(self, *args: Any, minutes: int, **options: Any) -> None:
        """Release, and say how many."""
        now = timezone.now()
        rows = DBTaskResult.objects.running().filter(started_at__lte=now - timedelta(minutes=minutes))
        released = given_up = 0
        for row in rows.only("pk", "started_at", "worker_ids"):
            # Its worker may end it in this very moment, or another run of this command release it.
            held = DBTaskResult.objects.running().filter(pk=row.pk, started_at=row.started_at)
            if len(row.worker_ids) < MOST_WORKERS:
                released += held.update(status=TaskResultStatus.READY, started_at=None)
            else:
                given_up += held.update(
                    status=TaskResultStatus.FAILED, finished_at=now, exception_class_path=GIVEN_UP, traceback=""
                )
        self.stdout.write(f"{released} released, {given_up} given up")
