"""What the rounds came to: printed as a table, and kept in docs/races.json and docs/races.md.

`python -m tests.races.figures` writes the page's table anew from the kept figures.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.races.crowd import Answer, outcomes

DOCS = Path(__file__).resolve().parents[2] / "docs"
KEPT, PAGE = DOCS / "races.json", DOCS / "races.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HEAD = ["| raced for | way | rounds | requests at once | answers | rounds that bought | seconds |"]
HEAD += ["|---|---|--:|--:|---|--:|--:|"]


@dataclass
class Figures:
    """The figures of one kind of race on one way through the provider."""

    kind: str
    lane: str
    processes: int
    clients: int
    rounds: int = 0
    # Answers by their outcome, of those who raced.
    outcomes: Counter[str] = field(default_factory=Counter)
    # Rounds in which somebody got what was raced for.
    bought: int = 0
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def add(self, answers: Iterable[Answer]) -> None:
        """Count the answers of a round, or of a part of one."""
        self.outcomes += outcomes(answers)
        self.seconds = time.monotonic() - self.began

    def kept(self) -> dict[str, Any]:
        """Return what is written down."""
        facts = asdict(self) | {"outcomes": dict(sorted(self.outcomes.items())), "seconds": round(self.seconds)}
        del facts["began"]
        return facts


def row(kept: dict[str, Any]) -> str:
    """Return a line of the table."""
    counted = ", ".join(f"{count:,} × {name}" for name, count in kept["outcomes"].items())
    asked = f"{kept['clients']}, at {kept['processes']} processes"
    cells = [kept["kind"], kept["lane"], f"{kept['rounds']:,}", asked, counted, f"{kept['bought']:,}", kept["seconds"]]
    return f"| {' | '.join(map(str, cells))} |"


def keep(figures: Figures) -> None:
    """Print the figures, and keep them unless those that are kept are of more rounds."""
    new = figures.kept()
    print("", *HEAD, row(new), sep="\n", flush=True)  # noqa: T201 - a long run says where it is
    known = read()
    old = known.get(f"{new['kind']}, {new['lane']}")
    if old is None or old["rounds"] <= new["rounds"]:
        known[f"{new['kind']}, {new['lane']}"] = new
        KEPT.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        write()


def read() -> dict[str, dict[str, Any]]:
    """Return the kept figures."""
    found: dict[str, dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return found


def page() -> str:
    """Return the page with the table of the kept figures."""
    before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    table = "\n".join([*HEAD, *(row(kept) for kept in read().values())])
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def write() -> None:
    """Write the page's table."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
