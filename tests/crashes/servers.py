"""PostgreSQL and Redis that a test can stop, cut off, let hang and start again, on the same port and data."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis as Client

from tests import engines, machine


class Server:
    """A process of ours that can be ended and started again."""

    name = ""

    def __init__(self) -> None:
        self.port = engines.free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="crashes-"))
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[Any]:
        """Return what is run."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Tell whether it serves."""
        return engines.listening(self.port)

    def options(self) -> dict[str, Any]:
        """Return who runs it, and where."""
        return {"cwd": self.directory, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

    def start(self) -> None:
        """Run it, and wait until it serves."""
        self.process = subprocess.Popen(self.command(), **self.options())
        engines.wait_until(self.is_ready, self.process, self.name)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it by a signal."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


class Redis(Server):
    """A Redis that keeps nothing."""

    name = "Redis"

    @property
    def url(self) -> str:
        """Return its CACHE_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[Any]:
        """Return what is run."""
        bound = ["--port", str(self.port), "--bind", "127.0.0.1"]
        return [machine.redis_server(), *bound, "--save", "", "--appendonly", "no"]

    def hang(self) -> None:
        """Let it answer nobody, its connections open."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def bound(self, memory: str) -> None:
        """Set how many bytes it may use; `0` for as many as there are."""
        with Client.from_url(self.url) as client:
            client.config_set("maxmemory", memory)


class PostgreSQL(Server):
    """A PostgreSQL that has written down what it has said is done."""

    name = "PostgreSQL"

    def __init__(self) -> None:
        super().__init__()
        self.programs = machine.postgresql_programs()
        # PostgreSQL refuses to run as root: a container's root hands the cluster to the package's own user.
        self.account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.account:
            os.chown(self.directory, self.account.pw_uid, self.account.pw_gid)
        initdb = [self.programs / "initdb", "-D", self.directory / "data", "-U", "postgres", "-A", "trust"]
        subprocess.run([*initdb, "-E", "UTF8", "--no-sync", "--locale=C"], check=True, **self.options())

    @property
    def url(self) -> str:
        """Return its DATABASE_URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def options(self) -> dict[str, Any]:
        """Return who runs it, and where."""
        account = self.account
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        return {**super().options(), **owner}

    def command(self) -> list[Any]:
        """Return what is run."""
        bound = ["-p", str(self.port), "-k", self.directory, "-c", "listen_addresses=127.0.0.1"]
        # Commits are written before they are answered; of a machine that loses its power nothing is tried.
        return [self.programs / "postgres", "-D", self.directory / "data", *bound, "-c", "fsync=off"]

    def is_ready(self) -> bool:
        """Ask it: it listens before it serves."""
        command = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def cut(self) -> int:
        """End all connections but this one; return how many there were."""
        with psycopg.connect(self.url, autocommit=True) as server:
            # Returns once each process is gone, so that its farewell lies in the socket.
            ended = (
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
            return len(server.execute(f"{ended} AND pid <> pg_backend_pid()").fetchall())  # type: ignore[arg-type]


@contextmanager
def running(kind: type[Server]) -> Iterator[Any]:
    """Run a server while the block lasts."""
    server = kind()
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.process.send_signal(signal.SIGCONT)
        # PostgreSQL's own way to give up at once, with all of its processes.
        server.end(signal.SIGQUIT if kind is PostgreSQL else signal.SIGKILL)
        shutil.rmtree(server.directory, ignore_errors=True)


def longest(redis: Redis) -> int:
    """Return for how many seconds a Redis keeps a copy of a session, at most."""
    with Client.from_url(redis.url) as client:
        return max((client.ttl(key) for key in client.keys("*cached_db*")), default=0)
