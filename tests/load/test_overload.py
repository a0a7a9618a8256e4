"""More requests than two workers can answer: those that are refused are told so, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import pytest

from provider_site.crypto import code_challenge
from tests import engines
from tests.factories import CALLBACK
from tests.load import proxy
from tests.scale import fleet as fleets

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

HOST = "id.example.com"
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "load.json"
# Of both workers, and of the process that has made what the load needs.
THREADS = 2 * 4 + 1
SERVED, REFUSED = {"200", "302"}, {"429", "503"}


@dataclass
class Deployment:
    """Two workers behind nginx."""

    port: int
    hosts: list[fleets.Host]
    database_url: str
    requests: list[dict[str, Any]]

    def load(self, **how: float) -> list[dict[str, Any]]:
        """Run the generator; return what came back in each second."""
        task = {"port": self.port, "requests": self.requests, **how}
        command = [sys.executable, "-m", "tests.load.generator"]
        done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        seconds: list[dict[str, Any]] = json.loads(done.stdout)["seconds"]
        return seconds

    def memory(self) -> list[int]:
        """Return what each worker has of its own, in KiB."""
        pids = [pid for host in self.hosts for pid in _children(host.process.pid)]
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") for pid in pids]
        return [int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) for text in texts]  # type: ignore[index]  # is there

    def connections(self) -> int:
        """Return how many connections the workers have to PostgreSQL."""
        with psycopg.connect(self.database_url) as connection:
            name = self.database_url.rpartition("/")[2]
            rows = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [name]
            )
            return int(rows.fetchone()[0])  # type: ignore[index]  # a count is always there


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _request(method: str, path: str, weight: int, body: str = "", **headers: str) -> dict[str, Any]:
    named = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body:
        named |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return {"text": f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}", "weight": weight}


def _mixture(machine: dict[str, Any], person: dict[str, Any], access_token: str) -> list[dict[str, Any]]:
    """Return what is asked for, and how often."""
    client = {"client_id": machine["client_id"], "client_secret": machine["secret"]}
    silent = {
        "response_type": "code",
        "client_id": person["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "state",
        "code_challenge": code_challenge("v" * 50),
        "code_challenge_method": "S256",
    }
    cookies = "; ".join(f"{name}={value}" for name, value in person["cookies"].items())
    own = {"client_id": person["client_id"], "client_secret": person["secret"], "token": access_token}
    return [
        _request("POST", "/o/token/", 35, urlencode({"grant_type": "client_credentials", **client})),
        _request("POST", "/o/introspect/", 30, urlencode(own)),
        _request("GET", "/o/userinfo/", 20, Authorization=f"Bearer {access_token}"),
        _request("GET", f"/o/authorize/?{urlencode(silent, quote_via=quote)}", 10, Cookie=cookies),
        _request("GET", "/.well-known/openid-configuration", 5),
    ]


@contextmanager
def deployed(directory: Path, server_url: str, cache_url: str) -> Iterator[Deployment]:
    """Run two workers of four threads as the documents say, with the limits of one client out of the way."""
    database_url = fleets.new_database(server_url)
    ports, port = [engines.free_port() for _worker in range(2)], engines.free_port()
    own = {"DEBUG": "false", "SITES": "provider", "PROVIDER_URL": f"https://{HOST}", "BEHIND_PROXY": "true"}
    own |= {"RATE_LIMITS": '{"token": null, "introspection": null}', "LOG_LEVEL": "ERROR"}
    own["GUNICORN_CMD_ARGS"] = "--keep-alive 75"
    environment = fleets.environment_of(database_url, cache_url, port, **own)
    environment["CONSOLE"] = "tests.load.console"
    with ExitStack() as stack:
        hosts = [
            stack.enter_context(fleets.host(directory / f"host{number}", environment, one))
            for number, one in enumerate(ports)
        ]
        environment["VAR_DIR"] = str(directory / "var")
        console = stack.enter_context(fleets.console(environment))
        made = console("ground")
        for host in hosts:
            engines.wait_until(lambda host=host: engines.listening(host.port), host.process, "A worker")
        stack.enter_context(proxy.in_front(directory / "nginx", port=port, workers=ports))
        yield Deployment(port, hosts, database_url, _mixture(made["machine"], made["person"], made["access_token"]))


def answers(seconds: list[dict[str, Any]]) -> Counter[str]:
    """Return how many of each answer came in all."""
    return sum((Counter(one["answers"]) for one in seconds), Counter())


def served(seconds: list[dict[str, Any]]) -> int:
    """Return how many were served."""
    return sum(number for status, number in answers(seconds).items() if status in SERVED)


def is_calm(second: dict[str, Any]) -> bool:
    """Tell whether everybody was served in a second, and within a second."""
    return second["answers"].keys() <= SERVED and second.get("p99", 0) < 1


@pytest.mark.slow
def test_overload_is_answered_by_refusals_that_say_when_to_come_back(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    with deployed(tmp_path, postgres_url, redis_url) as deployment:
        assert answers(deployment.load(people=4, seconds=2)).keys() == SERVED
        # Far beyond what any machine's two workers answer, so that there is no need to know how much that is.
        seconds = deployment.load(people=600, seconds=4)
        told = answers(seconds)
        assert told.keys() <= SERVED | REFUSED, told
        assert told["503"] > 0, told
        assert sum(one["bare"] for one in seconds) == 0
        assert answers(deployment.load(people=4, seconds=1)).keys() == SERVED
        assert deployment.connections() <= THREADS


@pytest.mark.soak
def test_twice_the_capacity_for_half_an_hour(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    with deployed(tmp_path, postgres_url, redis_url) as deployment:
        deployment.load(people=16, seconds=20)  # everything is imported, and every thread has its connection
        capacity = served(deployment.load(people=16, seconds=60)) / 60
        rate, parts = 2 * capacity, max(2, round(minutes))
        memory, connections, seconds = [], [], []
        for _part in range(parts):
            seconds += deployment.load(rate=rate, seconds=minutes * 60 / parts)
            memory.append(deployment.memory())
            connections.append(deployment.connections())
        after = deployment.load(rate=capacity / 2, seconds=30)
    told = answers(seconds)
    calm = next((number for number, one in enumerate(after) if is_calm(one)), None)
    result = {
        "minutes": minutes,
        "capacity": round(capacity),
        "sent": sum(told.values()),
        "answers": dict(sorted(told.items())),
        "bare": sum(one["bare"] for one in seconds),
        "served_a_second": round(served(seconds) / (minutes * 60)),
        "p50": sorted(one.get("p50", 0) for one in seconds)[len(seconds) // 2],
        "p99": sorted(one.get("p99", 0) for one in seconds)[len(seconds) // 2],
        "memory_kib": memory,
        "connections": connections,
        "calm_after_seconds": calm,
        "cores": os.cpu_count(),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    if minutes >= 30:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    assert told.keys() <= SERVED | REFUSED, told
    assert result["bare"] == 0
    # A worker that leaks a kilobyte for each request would have grown by hundreds of megabytes.
    early = max(memory[len(memory) // 5])
    assert max(memory[-1]) < early * 1.1, memory
    assert max(connections) <= THREADS, connections
    assert calm is not None, after
    assert calm <= 10, after
