"""The results as a table in Markdown."""

from typing import Any

HOT = ("client_credentials", "authorize", "code exchange", "refresh", "introspection", "userinfo")


def scans(results: dict[str, Any]) -> list[str]:
    """Return what scanned a table that grows, at any size."""
    return sorted(
        f"{name} at {size}: {', '.join(plan['scans'])}"
        for size, own in results["sizes"].items()
        for name, plan in own["plans"].items()
        if plan["scans"]
    )


def _ratio(values: list[float]) -> str:
    return f"{max(values) / min(values):.2f}" if min(values) > 0 else "-"


def _row(name: str, results: dict[str, Any]) -> str:
    own = list(results["sizes"].values())
    plans = [size["plans"][name] for size in own]
    statements = [plan["statements"] for plan in plans]
    whole, cpu = ([size["latency"][name][kind] for size in own] for kind in ("whole", "cpu"))
    cells = [
        name,
        str(statements[0]) if len(set(statements)) == 1 else " / ".join(map(str, statements)),
        " / ".join(f"{plan['postgresql']:.2f}" for plan in plans),
        " / ".join(f"{value:.1f}" for value in cpu),
        " / ".join(f"{value:.1f}" for value in whole),
        _ratio(whole),
    ]
    return f"| {' | '.join(cells)} |"


def table(results: dict[str, Any]) -> str:
    """Return the table: per visit its statements, PostgreSQL's time, the whole time, and the ratio of the latter."""
    sizes = " / ".join(f"{int(size):,}" for size in results["sizes"])
    names = next(iter(results["sizes"].values()))["plans"]
    ordered = [*HOT, *(name for name in names if name not in HOT)]
    head = [
        f"| {sizes} tokens | statements | PostgreSQL, ms | own CPU, ms | whole, ms | largest / least |",
        "|---|---|---|---|---|---|",
    ]
    lines = [*head, *(_row(name, results) for name in ordered), ""]
    if "pruning" in results:
        lines += [f"- {name}: {value}" for name, value in results["pruning"].items()]
    return "\n".join([*lines, *(f"- scanned: {found}" for found in scans(results)), ""])
