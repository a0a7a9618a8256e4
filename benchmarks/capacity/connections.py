"""What a request pays for its connection, by each way to keep one: `python -m benchmarks.capacity.connections`.

A request here is what Django does around one, and one `SELECT` by primary key or nothing at all between.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from benchmarks import machine
from project.databases import IDLE_OPTION, read_database
from tests import engines
from tests.scale import bouncer

ROUNDS, REQUESTS = 7, 300
KEPT = Path(__file__).resolve().parents[2] / "docs" / "performance" / "connections.json"


@dataclass
class Way:
    """One way to keep connections, and the medians of what it costs: milliseconds for a request."""

    name: str
    connection: Any
    cpu: list[float]
    wall: list[float]

    def request(self) -> None:
        """Do what Django does around a request."""
        connection = self.connection
        connection.close_if_unusable_or_obsolete()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS mine")
            cursor.fetchone()
        connection.close_if_unusable_or_obsolete()
        if connection.settings_dict["CONN_MAX_AGE"] == 0:
            connection.close()


def ways(url: str, pooler: str) -> Iterator[Way]:
    """Yield every way, by the settings that choose it."""
    from django.db.utils import ConnectionHandler  # noqa: PLC0415 - after the settings are there

    def make(name: str, change: Callable[[dict[str, Any]], Any] | None = None, **environ: str) -> Way:
        database = read_database(default_url="", environ={"DATABASE_URL": url} | environ)
        if change:
            change(database)
        return Way(name, ConnectionHandler({"default": database})["default"], [], [])

    yield make("kept, its socket looked at (as shipped)")
    yield make(
        "kept, asked at each request (Django's health check)", lambda one: one["OPTIONS"].update({IDLE_OPTION: 0})
    )
    yield make("kept, never asked", lambda one: one.update(CONN_HEALTH_CHECKS=False))
    yield make("pool, the socket looked at (DATABASE_POOL)", DATABASE_POOL="2")
    yield make("pool, asked at each request", lambda one: one["OPTIONS"].update({IDLE_OPTION: 0}), DATABASE_POOL="2")
    yield make("none kept (CONN_MAX_AGE=0)", CONN_MAX_AGE="0")
    yield make("kept, through PgBouncer", DATABASE_URL=pooler, DATABASE_PREPARE_THRESHOLD="off")
    yield make("none kept, through PgBouncer", DATABASE_URL=pooler, CONN_MAX_AGE="0", DATABASE_PREPARE_THRESHOLD="off")


def measure() -> dict[str, Any]:
    """Return the medians of interleaved rounds."""
    with ExitStack() as stack:
        url = stack.enter_context(engines.postgresql())
        pooler = stack.enter_context(bouncer.bouncing(url))
        every = list(ways(url, pooler))
        for _round in range(ROUNDS + 1):
            for way in every:
                cpu, wall = time.process_time(), time.perf_counter()
                for _request in range(REQUESTS):
                    way.request()
                way.cpu.append((time.process_time() - cpu) / REQUESTS * 1000)
                way.wall.append((time.perf_counter() - wall) / REQUESTS * 1000)
        for way in every:
            way.connection.close()
            if way.connection.pool:
                way.connection.close_pool()
    # The first round opens connections and compiles.
    found = [
        {"name": way.name, "cpu": statistics.median(way.cpu[1:]), "wall": statistics.median(way.wall[1:])}
        for way in every
    ]
    return {"machine": machine.describe("", ""), "rounds": ROUNDS, "requests": REQUESTS, "ways": found}


def main() -> None:
    """Keep what was measured."""
    settings.configure(USE_TZ=True)
    django.setup()
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
