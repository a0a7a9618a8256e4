"""What a page costs the database: its queries, the rows it gives out, the steps SQLite makes to find them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.db import connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.test.utils import CaptureQueriesContext

EVERY = 100
_COUNTS = re.compile(r"COUNT\(|(?:MIN|MAX)\(|SELECT DISTINCT")


@dataclass
class Work:
    """The cost of what ran meanwhile."""

    queries: list[str] = field(default_factory=list)
    rows: int = 0
    steps: int = 0

    @property
    def unbounded(self) -> list[str]:
        """Return the queries that ask for a sum of all rows: SQLite counts a whole table in a single step."""
        return [query for query in self.queries if _COUNTS.search(query) and " LIMIT " not in query]


@contextmanager
def measured() -> Iterator[Work]:
    """Measure what runs on this thread's SQLite connection."""
    work = Work()

    def tick() -> int:
        work.steps += EVERY
        return 0

    def counting(name: str) -> Any:
        real = getattr(SQLiteCursorWrapper, name)

        def fetch(cursor: Any, *args: Any, **kwargs: Any) -> Any:
            fetched = real(cursor, *args, **kwargs)
            work.rows += len(fetched) if isinstance(fetched, list) else fetched is not None
            return fetched

        return mock.patch.object(SQLiteCursorWrapper, name, fetch, create=True)

    connection.ensure_connection()
    with counting("fetchone"), counting("fetchmany"), counting("fetchall"), CaptureQueriesContext(connection) as seen:
        connection.connection.set_progress_handler(tick, EVERY)
        try:
            yield work
        finally:
            connection.connection.set_progress_handler(None, 0)
            work.queries = [query["sql"] for query in seen.captured_queries]
