"""Keep the figures of a run, and put them into the document that shows them."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import plot, report
from benchmarks.measurement import Measurement, summarize
from benchmarks.postgres import Statements

Key = tuple[str, str]


@dataclass(frozen=True)
class Results:
    """Everything a run found out."""

    machine: Mapping[str, str]
    settings: Mapping[str, str]
    titles: Mapping[str, str]
    measurements: Sequence[Measurement]
    statements: Mapping[Key, Statements]

    def tables(self) -> str:
        """Return both tables, in Markdown."""
        figures = report.figures(summarize(self.measurements), self.statements)
        comparison = report.comparison(self.measurements)
        return f"{figures}\n\n{comparison}" if comparison else figures


def save(path: Path, results: Results) -> None:
    """Write the figures."""
    content = {
        "machine": results.machine,
        "settings": results.settings,
        "titles": results.titles,
        "measurements": [asdict(one) for one in results.measurements],
        "statements": [
            {"subject": subject, "scenario": scenario, **asdict(counted)}
            for (subject, scenario), counted in results.statements.items()
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Return figures that were kept."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return Results(
        machine=content["machine"],
        settings=content["settings"],
        titles=content["titles"],
        measurements=[Measurement(**one) for one in content["measurements"]],
        statements={
            (one["subject"], one["scenario"]): Statements(one["said"], one["marks"]) for one in content["statements"]
        },
    )


def show(path: Path, results: Results, document: Path) -> None:
    """Draw the plot beside the figures; show it and the tables between the document's marks for this file, if any."""
    picture = path.with_suffix(".svg")
    picture.write_text(plot.draw(results.measurements, results.titles), encoding="utf-8")
    if document.exists():
        text = document.read_text(encoding="utf-8")
        # With the tables, so that the document leads to no picture before it is drawn.
        link = Path(os.path.relpath(picture, document.parent)).as_posix()
        shown = f"![Flows a second]({link})\n\n{in_words(results)}"
        document.write_text(between(text, path.stem, shown), encoding="utf-8")


def in_words(results: Results) -> str:
    """Return the machine, the settings and the tables."""
    machine = ", ".join(f"{name} {words}" for name, words in results.machine.items())
    settings = ", ".join(f"{name} {words}" for name, words in results.settings.items())
    return f"Machine: {machine}.\n\nRun: {settings}.\n\n{results.tables()}"


def between(text: str, name: str, content: str) -> str:
    """Return the text with the content between its marks `<!-- NAME -->` and `<!-- /NAME -->`; as it is without."""
    before, mark, rest = text.partition(f"<!-- {name} -->\n")
    _old, end, after = rest.partition(f"<!-- /{name} -->")
    return f"{before}{mark}\n{content}\n\n{end}{after}" if mark and end else text
