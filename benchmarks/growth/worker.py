"""One process per database: `python -m benchmarks.growth.worker`, told what to do line by line, answers in JSON."""

import json
import os
import statistics
import sys
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402  models are imported once Django is set up
from django.core.management import call_command  # noqa: E402 - after the settings are there
from django.db import connection  # noqa: E402 - after the settings are there

from benchmarks.growth import crowd, fill, plans, report, visits  # noqa: E402 - after the settings are there

# One password is made per person who signs in; its cost is not what is measured.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
GROWN = 5000


class Worker:
    """Fills a database and visits it."""

    def __init__(self) -> None:
        self.visitor: visits.Visitor | None = None

    def fill(self, tokens: int) -> dict[str, Any]:
        """Fill the database; return the seconds it took and its size."""
        began = time.perf_counter()
        call_command("migrate", verbosity=0)
        migrated = time.perf_counter()
        crowd.settle_in(crowd.Crowd(tokens))
        took = time.perf_counter() - migrated
        return {"migrated": migrated - began, "seconds": took, "bytes": fill.size_of_database()}

    def warm(self) -> int:
        """Read every index into memory, as they are in a server that has run for a while; return the bytes."""
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            cursor.execute(
                "SELECT sum(pg_prewarm(c.oid) * 8192) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind = 'i'"
            )
            return int(cursor.fetchone()[0])

    def _all(self) -> list[tuple[str, visits.Visit]]:
        if self.visitor is None:
            self.visitor = visits.Visitor(name=f"measured{time.time_ns()}")
            for _name, visit in [*self.visitor.hot(), *self.visitor.people(), *self.visitor.lists()]:
                visit()
        return [*self.visitor.hot(), *self.visitor.people(), *self.visitor.lists()]

    def plans(self) -> dict[str, Any]:
        """Return, for each visit, statements, PostgreSQL's milliseconds (a median of seven), and scans of tables."""
        grown, found = plans.grown_tables(GROWN), {}
        each: dict[str, list[plans.Watched]] = {}
        for _round in range(7):
            for name, visit in self._all():
                with plans.watched() as watched:
                    visit()
                each.setdefault(name, []).append(watched)
        for name, several in each.items():
            found[name] = {
                # A process writes its counts of use every ten seconds, behind whichever request comes then.
                "statements": min(len(watched.statements) for watched in several),
                "postgresql": statistics.median(watched.milliseconds for watched in several),
                "most_rows": max(watched.most_rows() for watched in several),
                "scans": sorted({table for watched in several for table, _text in watched.scans(grown)}),
            }
        return found

    def round(self, everything: bool) -> dict[str, tuple[float, float]]:
        """Return the milliseconds of each visit and those of this process's own CPU; the hot ones, or all of them."""
        times: dict[str, tuple[float, float]] = {}
        for name, visit in self._all():
            if everything or name in report.HOT:
                began, used = time.perf_counter(), time.process_time()
                visit()
                times[name] = ((time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000)
        return times


def main() -> None:
    """Do what each line of the input names."""
    worker = Worker()
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        answer = getattr(worker, command)(*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    connection.close()


if __name__ == "__main__":
    main()
