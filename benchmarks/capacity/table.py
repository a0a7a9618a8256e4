"""Compute what so many people need from what one event stores and what one request costs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.measurement import Summary, summarize

YEAR = 365 * 86400
GIB = 2**30
# What a person does in a year, and how much busier the busiest hour is than the mean one. Change them to yours.
ACCOUNTS_USED = 4
SIGN_INS = 50
REFRESHES = 500
INTROSPECTIONS = 1000
PEAK = 5
# Of a core's time, what is used in the busiest hour.
BUSY = 0.5
PEOPLE = (1_000_000, 10_000_000, 100_000_000)
# One request each, but for the code flow, which is the authorization request and the exchange of its code.
YEARLY = {
    "code_flow": SIGN_INS,
    "userinfo": SIGN_INS,
    "refresh": REFRESHES,
    "introspection": INTROSPECTIONS,
}
# Days that rows are kept by prune_provider at the default settings; what is not here is kept as long as its account.
# A refresh token: REFRESH_TOKEN_IDLE_SECONDS and a week more, and with it its access token and its authorization.
KEPT_DAYS = {
    "oauth2_provider_refreshtoken": 37,
    "oauth2_provider_accesstoken": 37,
    "provider_site_authorization": 37,
    "provider_site_authorizationrequest": 7,
    "provider_site_session": 37,
    "django_session": 14,
}
# The events that a year of a person's is made of, by the phases of fill.py.
EVENTS = {
    "account": 0.0,
    "session at the provider": SIGN_INS / 2,
    "first sign-in at an application": 0.0,
    "sign-in at an application": float(SIGN_INS),
    "refresh": float(REFRESHES),
}


@dataclass(frozen=True)
class Stored:
    """What was measured: rows that an event adds, and bytes of a row with its indexes."""

    machine: Mapping[str, str]
    people: int
    rows: Mapping[str, Mapping[str, float]]
    """Event: table: rows."""
    row_bytes: Mapping[str, float]
    index_share: Mapping[str, float]


def read(path: Path) -> Stored:
    """Return what fill.py has found; the last phase of a name counts, where everything is as on all other days."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows = {
        phase["name"]: {
            table: added["rows"] / phase["events"] for table, added in phase["added"].items() if added["rows"]
        }
        for phase in found["phases"]
    }
    tables = found["tables"]
    return Stored(
        machine=found["machine"],
        people=found["people"],
        rows=rows,
        row_bytes={table: weight["bytes"] / weight["rows"] for table, weight in tables.items()},
        index_share={table: weight["index_bytes"] / weight["bytes"] for table, weight in tables.items()},
    )


def costs(figures: Path) -> dict[str, Summary]:
    """Return what each scenario of this provider costs, by the benchmark that is kept; nothing without one."""
    found: dict[str, Summary] = {}
    for path in sorted(figures.glob("*.json")):
        # What it cost once is kept too, for comparison.
        if path.stem != "before" and "measurements" in json.loads(path.read_text(encoding="utf-8")):
            for (subject, scenario), one in summarize(results.load(path).measurements).items():
                if subject == "ours":
                    found[scenario] = one
    return found


def steady_rows(stored: Stored) -> dict[str, float]:
    """Return how many rows one person has in each table when as much is deleted as comes."""
    found: dict[str, float] = {}
    for event, tables in stored.rows.items():
        if event not in EVENTS:
            continue
        for table, rows in tables.items():
            if table not in stored.row_bytes:
                continue
            if table in KEPT_DAYS:
                found[table] = found.get(table, 0) + max(rows, 0) * EVENTS[event] * KEPT_DAYS[table] / 365
            elif event in {"account", "first sign-in at an application"}:
                times = ACCOUNTS_USED if event.startswith("first") else 1
                found[table] = found.get(table, 0) + rows * times
    return found


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is words."""
    lines = [head, ["---", *("--:" for _column in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _stored_table(stored: Stored) -> str:
    events = [event for event in stored.rows if event in {*EVENTS, "machine's token"}]
    rows = []
    for table, size in sorted(stored.row_bytes.items(), key=lambda item: -item[1]):
        added = [stored.rows[event].get(table, 0) * 1e6 for event in events]
        if any(abs(number) >= 1000 for number in added):
            cells = [f"{number:,.0f}" if abs(number) >= 1000 else "" for number in added]
            rows.append([f"`{table}`", f"{size:,.0f}", f"{stored.index_share[table]:.0%}", *cells])
    head = ["table", "bytes per row", "of it indexes", *(f"rows per million: {event}" for event in events)]
    described = ", ".join(
        f"{name} {words}" for name, words in stored.machine.items() if name in {"PostgreSQL", "Django"}
    )
    return f"Measured with {stored.people:,} people ({described}).\n\n{markdown(head, rows)}"


def _capacity_table(stored: Stored, cost: Mapping[str, Summary]) -> str:
    rows_each = steady_rows(stored)
    bytes_each = sum(number * stored.row_bytes[table] for table, number in rows_each.items())
    tokens = {"oauth2_provider_refreshtoken", "oauth2_provider_accesstoken"}
    # Milliseconds of a core that a person's year costs.
    known = all(name in cost for name in YEARLY)
    python = sum(times * cost[name].server_cpu for name, times in YEARLY.items()) if known else 0
    server = sum(times * cost[name].postgres_cpu for name, times in YEARLY.items()) if known else 0
    lines = []
    for people in PEOPLE:
        peak = people * sum(YEARLY.values()) / YEAR * PEAK
        cores = [f"{people * each / 1000 / YEAR * PEAK / BUSY:,.1f}" if known else "" for each in (python, server)]
        token_rows = people * sum(number for table, number in rows_each.items() if table in tokens)
        unpruned = people * (REFRESHES + SIGN_INS) * stored.row_bytes["oauth2_provider_refreshtoken"]
        lines.append(
            [
                f"{people:,}",
                f"{people * SIGN_INS / YEAR * PEAK:,.0f}",
                f"{peak:,.0f}",
                *cores,
                f"{token_rows / 1e6:,.0f}",
                f"{people * bytes_each / GIB:,.0f}",
                f"{unpruned / GIB:,.0f}",
            ]
        )
    head = ["people", "sign-ins/s, peak", "requests/s, peak", "cores for Python", "cores for PostgreSQL"]
    head += ["token rows, millions", "stored, GiB", "refresh tokens of a year, never pruned, GiB"]
    return markdown(head, lines)


def _requests_table(cost: Mapping[str, Summary]) -> str:
    lines = [
        [name, f"{1000 / one.server_cpu:,.0f}", f"{1000 / one.postgres_cpu:,.0f}" if one.postgres_cpu else ""]
        for name, one in cost.items()
        if one.server_cpu
    ]
    return markdown(["scenario", "per core of Python and second", "per core of PostgreSQL and second"], lines)


def _connections_table(path: Path) -> str:
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [[way["name"], f"{way['cpu']:.2f}", f"{way['wall']:.2f}"] for way in found["ways"]]
    said = f"Medians of {found['rounds']} interleaved rounds of {found['requests']} requests with one trivial `SELECT`"
    said += (
        f", on {found['machine']['cores']} cores. Compare the CPU time: other work on the machine is in the wall time"
    )
    return f"{said}.\n\n{markdown(['connections', 'CPU ms', 'wall ms'], rows)}"


def sections(stored: Path, figures: Path) -> dict[str, str]:
    """Return the guide's tables by the names of their marks."""
    found, cost = read(stored), costs(figures)
    sections = {"capacity-rows": _stored_table(found), "capacity-people": _capacity_table(found, cost)}
    sections["capacity-requests"] = _requests_table(cost) if cost else "No run of the benchmark is kept yet."
    if (figures / "connections.json").exists():
        sections["connections"] = _connections_table(figures / "connections.json")
    return sections
