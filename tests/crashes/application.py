"""The site, in which a process can be made to die anywhere: `gunicorn tests.crashes.application`.

`X-Die-At: 3` kills the process that answers with SIGKILL at the third point of the request at which something may be
half done: before each statement, before each commit and behind it, and behind all of it before the answer is sent.
`X-Room: 0` gives SQLite no page more than it has.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.urls import get_resolver

from project.wsgi import application as site

if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    # Python sleeps until a moment, which libfaketime takes for one of the clock that is set.
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None

# SQLite's own, where nobody says another.
MOST_PAGES = 1_073_741_823


class Points(threading.local):
    """The points that the request of a thread has passed, and at which of them its process dies."""

    passed = 0
    dies_at = 0
    under_way = False

    def here(self, what: str) -> None:
        """Pass one."""
        if not self.under_way:
            return
        self.passed += 1
        if self.passed == self.dies_at:
            sys.stderr.write(f"dies at point {self.passed}: {what}\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)


points = Points()
_commit = BaseDatabaseWrapper._commit


def commit(self: Any) -> Any:
    """Commit as Django does, between two points."""
    points.here("before a commit")
    done = _commit(self)
    points.here("behind a commit")
    return done


BaseDatabaseWrapper._commit = commit


def counted(execute: Callable[..., Any], statement: Any, parameters: Any, many: bool, context: Any) -> Any:
    """Execute a statement behind a point (django.db.connection.execute_wrapper)."""
    points.here(f"before {str(statement)[:100]}")
    return execute(statement, parameters, many, context)


def give_room(pages: str | None) -> None:
    """Let SQLite grow by so many pages and no more; without a limit, where none is said."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA page_count")
            most = MOST_PAGES if pages is None else cursor.fetchone()[0] + int(pages)
            cursor.execute(f"PRAGMA max_page_count = {most}")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the site does, or die."""
    give_room(environ.get("HTTP_X_ROOM"))
    points.passed, points.dies_at = 0, int(environ.get("HTTP_X_DIE_AT") or 0)
    points.under_way = True
    try:
        with connection.execute_wrapper(counted):
            answer = site(environ, start_response)
        points.here("before the answer")
    finally:
        points.under_way = False
    return answer


# Imported once, in the process that forks the others.
assert get_resolver("project.urls_provider").url_patterns
