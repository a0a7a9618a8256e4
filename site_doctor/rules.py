"""Rules about settings: what is unsafe, why by which section, and the line to add."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must not be so in a deployment.

    ``found`` returns what is wrong, each by a word for the ``{}`` in ``text``; nothing where all is well. ``section``
    names what asks for it, such as ``RFC 9700 4.13``. The level is the letter in the id: E or W.
    """

    name: str
    text: str
    hint: str
    section: str
    found: Callable[[], Iterable[str]]
    id: str = ""

    def messages(self) -> list[CheckMessage]:
        """Return a message for each thing found."""
        kind = Error if self.id.rpartition(".")[2].startswith("E") else CheckWarning
        return [
            kind(f"{self.text.replace('{}', word)} ({self.section}).", hint=self.hint.replace("{}", word), id=self.id)
            for word in self.found()
        ]


def numbered(rules: Sequence[Rule], ids: Mapping[str, str]) -> list[Rule]:
    """Return these rules with the ids that an app gives them by their names."""
    return [replace(rule, id=ids[rule.name]) for rule in rules if rule.name in ids]


def messages(rules: Iterable[Rule]) -> list[CheckMessage]:
    """Return what all of these have found."""
    return [message for rule in rules for message in rule.messages()]


def when(*, wrong: bool) -> Iterable[str]:
    """Return a finding without a word of its own, or none."""
    return [""] if wrong else []


def value(name: str, default: object = None) -> object:
    """Return a setting of the project's, or ``default`` where it is not set at all."""
    return getattr(settings, name, default)


def mapping(name: str) -> Mapping[str, object]:
    """Return a setting that is a dict; an empty one where it is anything else: other checks say so."""
    told = getattr(settings, name, None)
    return told if isinstance(told, Mapping) else {}
