"""Watch a call line by line: how much work it does, and which of the project's lines follow each other in it."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("provider_site", "consumer_site", "outbound_http", "keyset_lists", "project")
_OURS = tuple(str(ROOT / name) for name in PACKAGES)
# Lines of the project's code: thousands of times what the longest input of any corpus takes.
MOST_LINES = 2_000_000

Step = tuple[str, int, int]


class TooMuchWork(AssertionError):
    """An input keeps the project's code busy without end."""


def steps_of(call: Callable[[], Any], *, most: int = MOST_LINES) -> set[Step]:
    """Call it; return the steps it took: file, line and the line before. Raises TooMuchWork beyond ``most`` lines."""
    found: set[Step] = set()
    count, last = 0, 0

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count, last
        if event == "line":
            count += 1
            if count > most:
                raise TooMuchWork(f"more than {most} lines at {frame.f_code.co_filename}:{frame.f_lineno}")
            found.add((frame.f_code.co_filename, last, frame.f_lineno))
            last = frame.f_lineno
        return line

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_OURS) else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
    return found
