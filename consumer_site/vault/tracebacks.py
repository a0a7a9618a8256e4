"""Keep tokens out of what an error page or an error report shows of a failure."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_locals() -> Iterator[None]:
    """Let every exception pass with its lines, and without the values that its finished frames held.

    sensitive_variables does the same for Django's reports, but only without DEBUG, and not for reports of others. Used
    as a decorator, it clears the decorated function's own frame too.
    """
    try:
        yield
    except BaseException as error:
        _clear(error)
        raise


def _clear(error: BaseException) -> None:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        # Frames that still run, which are the caller's, are left as they are.
        traceback.clear_frames(found.__traceback__)
        waiting += [found.__cause__, found.__context__]
