"""Write what a doctor found: a table for people, JSON for machines."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from site_doctor.findings import Finding, Outcome

_WIDTH = 118


def table(parts: Mapping[str, Sequence[Finding]]) -> str:
    """Return the findings, part by part, aligned; a hint stands below what is not well."""
    lines: list[str] = []
    longest = max((len(finding.name) for found in parts.values() for finding in found), default=0)
    for title, found in parts.items():
        lines += ["", title]
        for finding in found:
            lines += _lines(finding, longest)
    lines += ["", summary(parts)]
    return "\n".join(lines).lstrip("\n")


def _lines(finding: Finding, longest: int) -> list[str]:
    head = f"  {finding.outcome.value:<8}{finding.name:<{longest}}  "
    space = " " * len(head)
    told = f"{finding.told} ({finding.section})" if finding.section else finding.told
    lines = textwrap.wrap(told, _WIDTH, initial_indent=head, subsequent_indent=space, break_long_words=False)
    if finding.hint:
        lines += textwrap.wrap(
            f"→ {finding.hint}", _WIDTH, initial_indent=space, subsequent_indent=f"{space}  ", break_long_words=False
        )
    return lines


def counts(parts: Mapping[str, Iterable[Finding]]) -> dict[str, int]:
    """Return how many findings there are of each outcome."""
    every = [finding.outcome for found in parts.values() for finding in found]
    return {outcome.value: every.count(outcome) for outcome in Outcome}


def summary(parts: Mapping[str, Iterable[Finding]]) -> str:
    """Return the last line of the table."""
    return ", ".join(f"{number} {name}" for name, number in counts(parts).items())


def document(subject: str, parts: Mapping[str, Sequence[Finding]], **more: Any) -> str:
    """Return the same as JSON: the address looked at, counts, and each finding with the part it is of."""
    findings = [
        {
            "part": title,
            "name": finding.name,
            "outcome": finding.outcome.value,
            "told": finding.told,
            "hint": finding.hint,
            "section": finding.section,
        }
        for title, found in parts.items()
        for finding in found
    ]
    return json.dumps(
        {"subject": subject, "counts": counts(parts), "findings": findings, **more}, indent=2, ensure_ascii=False
    )
