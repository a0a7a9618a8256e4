"""Whether the site is ready, asked once in a second at most, and never waited for longer than `TIMEOUT`."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from time import monotonic

from django.db import connections

from site_monitoring import checks
from site_monitoring.checks import Check, NotReady

logger = logging.getLogger("site_monitoring")

# Seconds.
TIMEOUT = 2.0
KEPT = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found; `seconds` is how long it took."""

    name: str
    is_ok: bool
    is_required: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks found."""

    results: tuple[Result, ...]

    @property
    def is_ready(self) -> bool:
        """Whether requests can be served."""
        return all(result.is_ok for result in self.results if result.is_required)

    @property
    def status(self) -> str:
        """``ok``, ``degraded`` (something is missing that the site serves without) or ``fail``."""
        if not self.is_ready:
            return "fail"
        return "ok" if all(result.is_ok for result in self.results) else "degraded"


class _Asked:
    """One check under way, in a thread of its own: it may hang."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.began = monotonic()
        self.result: Result | None = None
        self.done = threading.Event()
        threading.Thread(target=self._run, name=f"readiness-{check.name}", daemon=True).start()

    def _run(self) -> None:
        fault = ""
        try:
            self.check.run()
        except NotReady as error:
            fault = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the site isn't ready
            # Drivers put addresses and users into their messages.
            fault = type(error).__name__
        finally:
            connections.close_all()
        self.result = self._result(fault)
        _note(self.check, fault)
        self.done.set()

    def _result(self, fault: str) -> Result:
        return Result(self.check.name, not fault, self.check.required, monotonic() - self.began)

    def wait(self, until: float) -> Result:
        """Return what was found, a failure where nothing was by then."""
        self.done.wait(max(0.0, until - monotonic()))
        if self.result is None:
            fault = "no answer in time"
            _note(self.check, fault)
            return self._result(fault)
        return self.result


class _Memory:
    """What this process knows."""

    kept: tuple[float, Report] | None = None
    # A check that hangs is not begun a second time: a probe each second would leave a thread each second.
    hanging: dict[str, _Asked]
    faults: dict[str, str]

    def __init__(self) -> None:
        self.hanging, self.faults = {}, {}


_memory = _Memory()
_asking = threading.Lock()


def current() -> Report:
    """Return what is so now, or was less than `KEPT` ago; while somebody asks, others get what was last found."""
    kept = _memory.kept
    if kept is not None and monotonic() - kept[0] < KEPT:
        return kept[1]
    if not _asking.acquire(blocking=kept is None):
        assert kept is not None
        return kept[1]
    try:
        if (found := _memory.kept) is not None and monotonic() - found[0] < KEPT:
            return found[1]
        report = _ask()
        _memory.kept = (monotonic(), report)
        return report
    finally:
        _asking.release()


def forget() -> None:
    """Ask the next time."""
    _memory.kept = None


def _ask() -> Report:
    until = monotonic() + TIMEOUT
    under_way = []
    for check in checks.registered():
        asked = _memory.hanging.pop(check.name, None)
        under_way.append(_Asked(check) if asked is None or asked.done.is_set() else asked)
    results = tuple(asked.wait(until) for asked in under_way)
    _memory.hanging = {asked.check.name: asked for asked in under_way if not asked.done.is_set()}
    return Report(results)


def _note(check: Check, fault: str) -> None:
    """Write a line where something begins to fail, fails otherwise, or is well again: not one at each probe."""
    before = _memory.faults.get(check.name, "")
    if fault == before:
        return
    _memory.faults[check.name] = fault
    if fault:
        logger.error("readiness: %s failed: %s", check.name, fault)
    else:
        logger.warning("readiness: %s is well again", check.name)
