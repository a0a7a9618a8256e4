"""Put figures into tables."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks.measurement import Measurement, Ratio, Summary, ratio
from benchmarks.postgres import Statements
from benchmarks.scenarios import ORDER

# What is compared with what: mine, whose, and how many times as fast mine is to be.
GOALS: tuple[tuple[str, str, str, float], ...] = (
    ("client_credentials", "dot", "client_credentials", 4),
    ("code_flow", "dot", "code_flow", 4),
    ("refresh", "dot", "refresh", 6),
    ("introspection", "dot", "introspection", 2.5),
    ("userinfo", "dot", "userinfo", 2.5),
    ("client_credentials_jwt", "peer", "client_credentials", 1),
    ("code_flow", "peer", "code_flow", 1),
    ("code_flow_es256", "peer", "code_flow_es256", 1),
    ("refresh", "peer", "refresh", 1),
    ("introspection", "peer", "introspection", 0.7),
    ("userinfo", "peer", "userinfo", 0.7),
    ("discovery", "peer", "discovery", 0.3),
    ("jwks", "peer", "jwks", 0.3),
)

# How much of the machine's work may be somebody else's in figures that are to be kept.
QUIET = 0.1


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as what is in them; the first two are words."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(lines[0]), line(rule), *(line(cells) for cells in lines[1:])])


def figures(summaries: Mapping[tuple[str, str], Summary], statements: Mapping[tuple[str, str], Statements]) -> str:
    """Return the table of all medians."""
    head = ["scenario", "subject", "flows/s", "p50 ms", "p99 ms", "server CPU ms", "PostgreSQL CPU ms"]
    head += ["statements", "generator CPU ms", "others", "errors"]
    rows = []
    for (subject, scenario), one in sorted(summaries.items(), key=lambda item: ORDER.index(item[0][1])):
        counted = statements.get((subject, scenario))
        rows.append(
            [
                *(scenario, subject, f"{one.per_second:,.0f}", f"{one.p50:.2f}", f"{one.p99:.2f}"),
                *(f"{one.server_cpu:.3f}", f"{one.postgres_cpu:.3f}"),
                f"{counted.said:.1f} + {counted.marks:.1f}" if counted else "",
                *(f"{one.generator_cpu:.3f}", f"{one.others:.0%}", str(one.errors)),
            ]
        )
    return table(head, rows)


def disturbed(measurements: Sequence[Measurement]) -> str:
    """Return a warning when others had much of the machine during half of the measurements, else nothing."""
    others = median(one.others for one in measurements) if measurements else 0.0
    if others <= QUIET:
        return ""
    return f"Others used {others:.0%} of the machine's CPU: trust the CPU columns, and repeat the run for the rest."


def ratios(measurements: Sequence[Measurement]) -> list[tuple[Ratio, float | None]]:
    """Return the comparisons that both sides were measured for, each with what is asked of it.

    Nothing is asked of the comparison with this provider as it was before.
    """
    mine = dict.fromkeys(one.scenario for one in measurements if one.subject == "ours")
    pairs: list[tuple[str, str, str, float | None]] = [*GOALS, *((name, "before", name, None) for name in mine)]
    found = ((ratio(measurements, ("ours", name), (other, its)), goal) for name, other, its, goal in pairs)
    return [(one, goal) for one, goal in found if one is not None]


def comparison(measurements: Sequence[Measurement]) -> str:
    """Return the table of ratios."""
    rows = []
    for one, goal in ratios(measurements):
        asked = ("", "") if goal is None else (f"{goal:g}", "yes" if one.speed >= goal else "no")
        rows.append([one.scenario, one.other, f"{one.speed:.2f}", asked[0], f"{one.cpu:.2f}", asked[1]])
    return table(["this provider's", "against", "flows/s", "asked", "CPU", "met"], rows) if rows else ""
