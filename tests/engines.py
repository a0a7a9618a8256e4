"""Start throw-away PostgreSQL and Redis servers from Debian's own packages."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import machine

START_SECONDS = 30.0


def free_port() -> int:
    """Return a loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Return whether something accepts connections on the loopback `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", name: str) -> None:
    """Return once `ready()`; raise RuntimeError when `process` ends first or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with status {process.returncode} before it was ready")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} was not ready after {START_SECONDS} seconds")
        time.sleep(0.05)


def stop(process: "subprocess.Popen[bytes]", seconds: float = 10) -> None:
    """End a process of ours, by force if it does not want to."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def redis() -> Iterator[str]:
    """Run a Redis that keeps nothing; yield its URL."""
    program = machine.redis_server()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: listening(port), process, "Redis")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(process)


@contextmanager
def postgresql(*settings: str) -> Iterator[str]:
    """Run a PostgreSQL on a new cluster, with further settings (`name=value`); yield its URL."""
    programs = machine.postgresql_programs()
    port = free_port()
    # PostgreSQL refuses to run as root: a container's root hands the cluster to the package's own user.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    if account:
        os.chown(directory, account.pw_uid, account.pw_gid)
    data = directory / "data"
    quiet = {"cwd": directory, "stdout": subprocess.DEVNULL, **owner}
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
    server = [programs / "postgres", "-D", data, "-p", str(port), "-k", directory, "-c", "listen_addresses=127.0.0.1"]
    # A cluster that lives for minutes need not survive a power cut.
    hasty = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    options = [part for setting in (*hasty, *settings) for part in ("-c", setting)]
    try:
        subprocess.run(initdb, check=True, **quiet)
        process = subprocess.Popen([*server, *options], stderr=subprocess.DEVNULL, **quiet)
        try:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, process, "PostgreSQL")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            stop(process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
