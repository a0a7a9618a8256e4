"""Run the background worker beside a server, never longer than it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 5


def _die_with_parent() -> None:
    """Ask Linux to end this child when its parent ends, even by SIGKILL; elsewhere the context manager must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def background_worker() -> Iterator["subprocess.Popen[bytes]"]:
    """Run `manage.py db_worker` as a child while the block runs."""
    command = [sys.executable, "manage.py", "db_worker", "--queue-name", "*", "--no-reload", "--interval", "1"]
    # Its own process group: Ctrl-C reaches the server alone, which then ends the worker in good order.
    worker = subprocess.Popen(  # noqa: S603 - our own interpreter and command
        command,
        cwd=settings.BASE_DIR,
        # A line for each task would scroll away what the demonstration has told the person who started it.
        env={"WORKER_LOG_LEVEL": "WARNING", **os.environ},
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - no second thread runs yet
        start_new_session=True,
    )
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
