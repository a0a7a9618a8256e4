"""How often something may happen: a number in a span of time."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WORDS = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,3})?([smhd])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    number: int
    seconds: int


def parse(text: str) -> Rate:
    """Return what ``"600/m"`` or ``"30/10m"`` says, the unit one of s, m, h, d.

    Raises ValueError for anything else, and for more than a day: what is counted lives in a cache.
    """
    found = _WORDS.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no rate; write it like "600/m" or "30/10m" (s, m, h, d)')
    seconds = int(found[2] or 1) * _UNITS[found[3]]
    if seconds > _UNITS["d"]:
        raise ValueError(f"{text!r} is longer than a day")
    return Rate(int(found[1]), seconds)
