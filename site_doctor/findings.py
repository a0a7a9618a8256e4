"""What a doctor finds: one line of the table each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from site_doctor.caller import Unreachable


class Outcome(StrEnum):
    """How a thing looked at is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, stable and without spaces, how it is, why, what to do and who asks for it."""

    name: str
    outcome: Outcome
    told: str
    hint: str = ""
    section: str = ""


Patient = TypeVar("Patient")


@dataclass(frozen=True, slots=True)
class Look:
    """A thing to look at, and what to do where it is not as it should be.

    ``look`` gets the patient and returns a word for what is well, or raises one of the exceptions below.
    """

    name: str
    section: str
    hint: str
    look: Callable[..., str]


class NotWell(Exception):
    """What was looked at is wrong."""


class Doubtful(Exception):
    """What was looked at works, and should be otherwise."""


class NotLookedAt(Exception):
    """It could not be looked at, for this reason."""


def examine(looks: Sequence[Look], *patient: object) -> Iterable[Finding]:
    """Yield a finding for each look. What fails in an unforeseen way is a failure of what was looked at."""
    for look in looks:
        yield _finding(look, patient)


def _finding(look: Look, patient: tuple[object, ...]) -> Finding:
    try:
        return Finding(look.name, Outcome.OK, look.look(*patient), "", look.section)
    except NotLookedAt as reason:
        return Finding(look.name, Outcome.SKIPPED, str(reason), "", look.section)
    except Doubtful as reason:
        return Finding(look.name, Outcome.WARN, str(reason), look.hint, look.section)
    except (NotWell, Unreachable) as reason:
        return Finding(look.name, Outcome.FAIL, str(reason), look.hint, look.section)
    except Exception as error:  # noqa: BLE001 - whatever an answer holds, the other lines are wanted
        return Finding(
            look.name, Outcome.FAIL, f"could not be looked at: {type(error).__name__}", look.hint, look.section
        )
