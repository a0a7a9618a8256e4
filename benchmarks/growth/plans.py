"""What PostgreSQL did for the statements of a stretch of code: each with its plan and its time, by auto_explain."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

_SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_timing = off",
    # What a foreign key's check runs is a statement too.
    "SET auto_explain.log_nested_statements = on",
    "SET auto_explain.log_format = 'json'",
    "SET client_min_messages = 'log'",
)
_OFF = ("SET auto_explain.log_min_duration = -1", "SET client_min_messages = 'notice'")
_END = "SELECT 'the end of what is watched'"
_REPORT = re.compile(r"duration: ([0-9.]+) ms  plan:\s*(\{.*\})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Ran:
    """One statement: its text, the milliseconds PostgreSQL took for it, and the nodes of its plan."""

    text: str
    milliseconds: float
    nodes: list[dict[str, Any]]

    @property
    def is_check(self) -> bool:
        """Tell whether a foreign key's trigger ran it."""
        return " OPERATOR(pg_catalog.=) " in self.text


@dataclass
class Watched:
    """What ran meanwhile, in order."""

    ran: list[Ran] = field(default_factory=list)

    @property
    def statements(self) -> list[str]:
        """What the code itself sent."""
        return [one.text for one in self.ran if not one.is_check]

    @property
    def milliseconds(self) -> float:
        """What PostgreSQL took for all of it; the time of a check is within that of its statement."""
        return sum(one.milliseconds for one in self.ran if not one.is_check)

    def scans(self, grown: set[str]) -> list[tuple[str, str]]:
        """Return each sequential scan of a table that grows, with the statement."""
        return [
            (node["Relation Name"], one.text)
            for one in self.ran
            for node in one.nodes
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in grown
        ]

    def most_rows(self) -> int:
        """Return the most rows a single node of a plan gave out or threw away."""
        return max((_rows(node) for one in self.ran for node in one.nodes), default=0)


def _rows(node: dict[str, Any]) -> int:
    loops = node.get("Actual Loops", 1)
    return int(loops * (node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


@contextmanager
def watched() -> Iterator[Watched]:
    """Watch what runs on this thread's connection; it has to be a superuser's, as only they may load auto_explain."""
    found = Watched()

    def note(diagnostic: Any) -> None:
        if match := _REPORT.search(diagnostic.message_primary or ""):
            report = json.loads(match[2])
            text = report["Query Text"]
            if text != _END:
                found.ran.append(Ran(text, float(match[1]), list(_nodes(report["Plan"]))))

    connection.ensure_connection()
    raw = connection.connection
    for setting in _SETTINGS:
        raw.execute(setting)
    raw.add_notice_handler(note)
    try:
        yield found
    finally:
        # A prepared statement is reported when the next one takes its place.
        raw.execute(_END)
        raw.remove_notice_handler(note)
        for setting in _OFF:
            raw.execute(setting)


def grown_tables(least: int) -> set[str]:
    """Return the tables that the planner takes to have so many rows or more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", [least])
        return {name for (name,) in cursor.fetchall()}
