"""Run a PostgreSQL of the benchmark's own, durable as Debian configures it, and count what it is asked."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import processes

# The peer's adapter names this port and this user.
PORT = 55432
USER = "bench"
# Left at PostgreSQL's defaults but for this: fsync is on. Statements are counted in a pass of their own (`counting`).
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_preload_libraries": "pg_stat_statements",
}
_MARKS = "^(begin|commit|rollback|savepoint|release|start transaction)"
# What PostgreSQL asks itself at a commit, to check foreign keys: nobody sends it.
_OWN = "^select .* from only .* for key share of x$"


def programs() -> Path:
    """Return the directory of the newest initdb and postgres, which Debian keeps off PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise RuntimeError("PostgreSQL is not installed (Debian package: postgresql)")


@dataclass(frozen=True)
class Statements:
    """How many statements were run: those that say something, and the marks of transactions."""

    said: float
    marks: float


class Cluster:
    """A running cluster, whose data are kept between runs: it is expensive to fill."""

    def __init__(self, directory: Path, running: processes.Processes) -> None:
        # PostgreSQL refuses to run as root: a container's root hands the cluster to the package's own user.
        account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        owner: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        if processes.listening(PORT) or not processes.wait_for(PORT):
            raise RuntimeError(f"Port {PORT}, which the peer's adapter names, is taken.")
        directory.mkdir(parents=True, exist_ok=True)
        if account:
            os.chown(directory, account.pw_uid, account.pw_gid)
        data = directory / "data"
        if not (data / "PG_VERSION").exists():
            initdb: list[str | Path] = [
                programs() / "initdb",
                "-D",
                data,
                "-U",
                USER,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            ]
            subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=directory, **owner)
        command = [str(programs() / "postgres"), "-D", str(data), "-p", str(PORT), "-k", str(directory)]
        command += [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        ready = [str(programs() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(PORT)]
        self.process = running.start(
            "postgresql",
            command,
            ready=lambda: subprocess.run(ready, check=False).returncode == 0,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            # Fast: a smart shutdown waits for every client.
            stop_signal=signal.SIGINT,
            cwd=directory,
            **owner,
        )
        self.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self.count(on=False)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement in the maintenance database; return its rows."""
        with psycopg.connect(url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def version(self) -> str:
        """Return the server's version."""
        return str(self.execute("SHOW server_version")[0][0])

    def exists(self, database: str) -> bool:
        """Say whether the database is there."""
        return bool(self.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]))

    def make(self, database: str, *, template: str = "template0") -> None:
        """Make the database anew, as a copy of `template`."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def analyze(self, database: str) -> None:
        """Let the planner know what is there, as autovacuum would by and by."""
        with psycopg.connect(url(database), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def count(self, *, on: bool) -> None:
        """Begin or end to count statements: it costs a little, so that nothing is timed meanwhile."""
        self.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{'top' if on else 'none'}'")
        self.execute("SELECT pg_reload_conf()")
        if on:
            self.execute("SELECT pg_stat_statements_reset()")

    def statements(self, database: str) -> Statements:
        """Return what was counted in the database."""
        said, marks = self.execute(
            "SELECT coalesce(sum(calls) FILTER (WHERE query !~* %s AND query !~* %s), 0)::int,"
            " coalesce(sum(calls) FILTER (WHERE query ~* %s), 0)::int"
            " FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid WHERE datname = %s",
            [_MARKS, _OWN, _MARKS, database],
        )[0]
        return Statements(said, marks)


def url(database: str) -> str:
    """Return the address of a database."""
    return f"postgresql://{USER}@127.0.0.1:{PORT}/{database}"
