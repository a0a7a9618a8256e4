"""A server of two forked workers whose requests can be made to die, on a database that both ask."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests import engines
from tests.scale import fleet as fleets
from tests.scale.fleet import Fleet, Host
from tests.servers import LiveSites

DEPLOYED = {"DJANGO_SETTINGS_MODULE": "tests.crashes.settings", "DEBUG": "false"}
# What is limited is not tried here.
UNLIMITED = '{"failures": null, "network_failures": null, "token": null, "authorize": null}'


@contextmanager
def host(directory: Path, environment: dict[str, str], port: int, *, workers: int, threads: int) -> Iterator[Host]:
    """Run gunicorn, whose master makes a new worker for each that has died."""
    directory.mkdir(parents=True)
    command = [sys.executable, "-m", "gunicorn", "tests.crashes.application", "--preload"]
    command += ["--timeout", "120", "--graceful-timeout", "1"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", str(threads)]
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=fleets.ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield Host(directory, port, process)
    finally:
        engines.stop(process)


@contextmanager
def running(
    directory: Path, database_url: str, cache_url: str = "", *, workers: int = 2, threads: int = 1, **variables: str
) -> Iterator[Fleet]:
    """Run one server on a migrated database; `variables` are the deployment's own."""
    port = engines.free_port()
    own = {"RATE_LIMITS": UNLIMITED, "VAR_DIR": str(directory / "var"), **DEPLOYED, **variables}
    fleet = Fleet(LiveSites(port), fleets.environment_of(database_url, cache_url, port, **own))
    with ExitStack() as stack:
        options = {"workers": workers, "threads": threads}
        one = stack.enter_context(host(directory / "host", fleet.environment, port, **options))
        fleet.hosts.append(one)
        fleet.console = stack.enter_context(fleets.console(fleet.environment))
        fleet.console("prepare")
        engines.wait_until(lambda: engines.listening(port), one.process, "The server")
        yield fleet


def log_of(fleet: Fleet) -> str:
    """Return what the server has said."""
    return (fleet.hosts[0].directory / "server.log").read_text()


def asked(call: object) -> requests.Response | None:
    """Return the answer to a request; `None` where the process died over it."""
    try:
        return call()  # type: ignore[operator]
    except requests.ConnectionError:
        return None
