"""Measure growth: `python -m benchmarks.growth [--sizes 1000 1000000 10000000] [--url postgresql://...]`.

Without `--url` a PostgreSQL of its own is started and thrown away. The databases are measured in turns, round by round,
so that a machine that drifts drifts for all of them. With `--url` databases that are filled already are not filled
again. Results: a JSON file and a table for docs/growth.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.growth import pruning, report
from tests import engines

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = (1_000, 1_000_000, 10_000_000)
# The hot endpoints are visited in each round, everything else in one of so many.
ROUNDS, EVERYTHING = 150, 10


class Process:
    """A worker on one database."""

    def __init__(self, url: str) -> None:
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings"}
        command = [sys.executable, "-m", "benchmarks.growth.worker"]
        self.running = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, *command: Any) -> Any:
        """Have something done; return the answer."""
        assert self.running.stdin is not None
        assert self.running.stdout is not None
        self.running.stdin.write(json.dumps(command) + "\n")
        self.running.stdin.flush()
        answer = self.running.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker ended with status {self.running.wait()}")
        return json.loads(answer)

    def end(self) -> None:
        """Let it go."""
        assert self.running.stdin is not None
        self.running.stdin.close()
        self.running.wait()


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    # The indexes of ten million tokens, 7 GB, are to be in memory, as they are on a server that is chosen for them.
    with engines.postgresql("shared_buffers=8GB", "max_wal_size=8GB") as own:
        yield own


def _database(server: str, tokens: int) -> tuple[str, bool]:
    """Return the URL of the database of a size, and whether it was made just now."""
    name = f"growth_{tokens}"
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server.rsplit('/', 1)[0]}/{name}", found is None


def _latencies(workers: dict[int, Process]) -> dict[int, dict[str, dict[str, float]]]:
    """Return, by size and visit, the median milliseconds of the whole and of the process's CPU."""
    times: dict[int, dict[str, list[list[float]]]] = {size: {} for size in workers}
    for number in range(ROUNDS):
        # One after the other within each round, and each first in turn: what else the machine does hits all alike.
        sizes = [*workers][number % len(workers) :] + [*workers][: number % len(workers)]
        for size in sizes:
            for name, pair in workers[size].ask("round", number % EVERYTHING == 0).items():
                times[size].setdefault(name, []).append(pair)
    return {
        size: {
            name: {
                "whole": statistics.median(whole for whole, _cpu in pairs),
                "cpu": statistics.median(cpu for _whole, cpu in pairs),
            }
            for name, pairs in own.items()
        }
        for size, own in times.items()
    }


def main() -> int:
    """Fill, measure, prune, and write down what came of it; return 1 when a list or an endpoint scans a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--url")
    parser.add_argument("--skip-pruning", action="store_true")
    parser.add_argument("--only-pruning", action="store_true")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "growth.json")
    options = parser.parse_args()
    results: dict[str, Any] = {"sizes": {}}
    if options.only_pruning:
        with _server(options.url) as server:
            url, _is_new = _database(server, max(options.sizes))
            results = json.loads(options.results.read_text()) | {"pruning": pruning.measure(url)}
            options.results.write_text(json.dumps(results, indent=1) + "\n")
        return 0
    with ExitStack() as stack:
        server = stack.enter_context(_server(options.url))
        workers, urls = {}, {}
        for size in options.sizes:
            urls[size], is_new = _database(server, size)
            workers[size] = Process(urls[size])
            stack.callback(workers[size].end)
            results["sizes"][str(size)] = {"filled": workers[size].ask("fill", size) if is_new else None}
        for worker in workers.values():
            worker.ask("warm")
        for size, worker in workers.items():
            results["sizes"][str(size)]["plans"] = worker.ask("plans")
        for size, latencies in _latencies(workers).items():
            results["sizes"][str(size)]["latency"] = latencies
        if not options.skip_pruning:
            results["pruning"] = pruning.measure(urls[max(options.sizes)])
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    sys.stdout.write(report.table(results))
    return 1 if report.scans(results) else 0


if __name__ == "__main__":
    sys.exit(main())
