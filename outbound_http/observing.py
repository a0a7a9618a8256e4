"""Who watches outbound calls: told of method and host alone, since a path or a query may be a secret."""

from __future__ import annotations

from collections.abc import Callable

# Called with the outcome: a status, or the code of an error of ours.
End = Callable[[str], None]
# Called with method and host when a call begins; returns what to call when it ends.
Observer = Callable[[str, str], End]


class _Observers:
    """At most one, which is nobody unless an app has said otherwise."""

    one: Observer | None = None


_observers = _Observers()


def observe(observer: Observer | None) -> None:
    """Tell `observer` of each call from now on; `None` tells nobody."""
    _observers.one = observer


def begin(method: str, host: str) -> End:
    """Tell that a call begins."""
    return _observers.one(method, host) if _observers.one is not None else _nobody


def _nobody(_outcome: str) -> None:
    pass
