"""The WSGI servers that Django is measured under."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

WORKERS = 2


@dataclass(frozen=True)
class Server:
    """A server: how it is started, and in which words it is described."""

    name: str
    words: str
    threads: int
    """Of each worker: as many as serve most requests on two cores."""
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
    "gunicorn": Server("gunicorn", f"gunicorn, {WORKERS} workers of 4 threads (gthread)", 4, _gunicorn),
    "granian": Server("granian", f"granian, WSGI, {WORKERS} workers of 1 blocking thread", 1, _granian),
}


def installed(name: str) -> bool:
    """Say whether this interpreter has the server."""
    command = [sys.executable, "-m", name, "--version"]
    return subprocess.run(command, capture_output=True, check=False, env=os.environ).returncode == 0
