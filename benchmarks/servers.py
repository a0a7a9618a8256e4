"""The WSGI servers that Django is measured under."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    """A server: how it is started, and in which words it is described."""

    name: str
    words: str
    workers: int
    threads: int
    """Of each worker: with ``workers`` as many as serve most requests on two cores."""
    command: Callable[[str, int, int, int], list[str]]
    """From the application (`module:name`), the port, the number of workers and that of threads."""


def _gunicorn(application: str, port: int, workers: int, threads: int) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        application,
        "--bind",
        f"127.0.0.1:{port}",
        "--worker-class",
        "gthread",
    ]
    return [*command, "--workers", str(workers), "--threads", str(threads), "--log-level", "warning"]


def _granian(application: str, port: int, workers: int, threads: int) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--log-level", "warning"]
    return [*command, application]


SERVERS = {
    "gunicorn": Server("gunicorn", "gunicorn, 2 workers of 4 threads (gthread)", 2, 4, _gunicorn),
    # One worker more than there are cores works while the others wait for a commit.
    "granian": Server("granian", "granian, WSGI, 3 workers of 1 blocking thread", 3, 1, _granian),
}


def installed(name: str) -> bool:
    """Say whether this interpreter has the server."""
    command = [sys.executable, "-m", name, "--version"]
    return subprocess.run(command, capture_output=True, check=False, env=os.environ).returncode == 0
