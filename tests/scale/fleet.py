"""Several processes on several hosts over one PostgreSQL and one Redis, behind a balancer that takes turns."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
from psycopg import sql
from requests.adapters import HTTPAdapter

from tests import engines
from tests.servers import LiveSites

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 30
# The database of each server that has the tables, and nothing else.
TEMPLATE = "scale_template"
FOREIGN = {"SITES", "CACHE_URL", "PORT", "HOUSE_ISSUER", "WEB_CONCURRENCY", "GUNICORN_CMD_ARGS"}


class Balancer(HTTPAdapter):
    """Send each request to the next host, or to the one named `only`, under the name the browser asked for."""

    def __init__(self, fleet: Fleet, *, only: Host | None = None) -> None:
        super().__init__()
        self.public = fleet.sites.port
        self.turns = itertools.cycle([only] if only else fleet.hosts)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        name = urlsplit(str(request.url)).hostname
        request.headers["Host"] = f"{name}:{self.public}"
        url, address = str(request.url), urlsplit(str(request.url)).netloc
        request.url = url.replace(address, f"{name}:{next(self.turns).port}", 1)
        response = super().send(request, *args, **kwargs)
        # What the page says of itself is relative to the public address; a redirect goes to another site, perhaps.
        response.url = request.url = url
        del request.headers["Host"]
        return response


@dataclass
class Host:
    """One machine: a directory of its own, and a server process in it."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]


class Console:
    """A further process of the site, in which staff do things: see console.py for what there is."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, call: str, **arguments: Any) -> Any:
        """Do it there; return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the console has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]


@dataclass
class Fleet:
    """The hosts, the addresses by which browsers know the sites, and the console."""

    sites: LiveSites
    environment: dict[str, str]
    hosts: list[Host] = field(default_factory=list)
    console: Any = None

    def browser(self, *, only: Host | None = None) -> requests.Session:
        """Return a browser whose requests go to the hosts in turn."""
        session = requests.Session()
        session.mount("http://", Balancer(self, only=only))
        return session

    def at(self, host: Host, method: str, path: str, **request: Any) -> requests.Response:
        """Send one request to one host, as a client without cookies."""
        with self.browser(only=host) as session:
            address = self.sites.provider + path
            return session.request(method, address, allow_redirects=False, timeout=TIMEOUT, **request)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run one of the site's commands to its end, in a process of its own."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *command],
            cwd=self.hosts[0].directory if self.hosts else ROOT,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-5000:]
        return done

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a background worker."""
        command = [sys.executable, str(ROOT / "manage.py"), "db_worker", "--queue-name", "*", "--interval", "0.05"]
        options = ["--no-reload", "--no-startup-delay", "-v0"]
        process = subprocess.Popen([*command, *options], cwd=self.hosts[0].directory, env=self.environment)
        try:
            yield process
        finally:
            engines.stop(process)


def environment_of(database_url: str, cache_url: str, port: int, **variables: str) -> dict[str, str]:
    """Return what every process of every host is given: the same secrets, engines and addresses."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    rings = {name: secrets.token_hex(24) for name in ("SECRET_KEY", "PROVIDER_KEY_RING", "CONSUMER_KEY_RING")}
    return {
        **kept,
        **rings,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": database_url,
        "CACHE_URL": cache_url,
        "PROVIDER_URL": f"http://localhost:{port}",
        "CONSUMER_URL": f"http://127.0.0.1:{port}",
        # Only development lets a consumer call a provider on its own machine.
        "DEBUG": "true",
        **variables,
    }


@contextmanager
def host(directory: Path, environment: dict[str, str], port: int) -> Iterator[Host]:
    """Run one host."""
    directory.mkdir()
    command = [sys.executable, "-m", "gunicorn", "project.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--threads", environment.get("SERVER_THREADS", "4")]
    with (directory / "server.log").open("wb") as log:
        own = environment | {"VAR_DIR": str(directory / "var")}
        process = subprocess.Popen(command, cwd=directory, env=own, stdout=log, stderr=log)
    try:
        yield Host(directory, port, process)
    finally:
        engines.stop(process)


@contextmanager
def console(environment: dict[str, str]) -> Iterator[Console]:
    """Run the console, or the one that an area of tests has for itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", environment.get("CONSOLE", "tests.scale.console")],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Console(process)
    finally:
        process.communicate(timeout=TIMEOUT)


def new_database(server_url: str) -> str:
    """Copy the migrated database of a server; return the URL.

    Each fleet has its own, for its secrets seal what is in there.
    """
    name = f"scale_{secrets.token_hex(8)}"
    with psycopg.connect(server_url, autocommit=True) as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone() is None:
            _migrate(server, server_url)
        # What a pooler keeps open there would be in the way of the copy.
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [TEMPLATE])
        names = sql.Identifier(name), sql.Identifier(TEMPLATE)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    return f"{server_url.rpartition('/')[0]}/{name}"


def _migrate(server: psycopg.Connection[Any], server_url: str) -> None:
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    # As behind a pooler that hands out a connection for each transaction: there may be one.
    pooler = {"DATABASE_PREPARE_THRESHOLD": "off", "DISABLE_SERVER_SIDE_CURSORS": "true"}
    with tempfile.TemporaryDirectory(prefix="migrate-") as directory:
        url = f"{server_url.rpartition('/')[0]}/{TEMPLATE}"
        environment = environment_of(url, "", engines.free_port(), VAR_DIR=directory, **pooler)
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]


@contextmanager
def running(directory: Path, server_url: str, cache_url: str, *, hosts: int = 2, **variables: str) -> Iterator[Fleet]:
    """Run the hosts on a new database of the server; `variables` are the deployment's own."""
    database_url = new_database(server_url)
    ports = [engines.free_port() for _host in range(hosts)]
    fleet = Fleet(LiveSites(ports[0]), environment_of(database_url, cache_url, ports[0], **variables))
    fleet.environment["VAR_DIR"] = str(directory / "var")
    with ExitStack() as stack:
        # All start at once: most of it is the import of the same modules.
        for number, port in enumerate(ports):
            fleet.hosts.append(stack.enter_context(host(directory / f"host{number}", fleet.environment, port)))
        fleet.console = stack.enter_context(console(fleet.environment))
        fleet.console("prepare")
        for one in fleet.hosts:
            engines.wait_until(lambda one=one: engines.listening(one.port), one.process, "A host")
        yield fleet


def kill(process: subprocess.Popen[Any]) -> None:
    """End a process of ours without a word, as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.wait()
