"""Prune a database that was never pruned, beside an issuer, and kill it on the way."""

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK_TIMEOUT = "100ms"
KILLED_AFTER = 20.0


def _environment(url: str) -> dict[str, str]:
    # To the issuer alone a lock that is waited for this long is an error.
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings"}


def _prune(url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", "prune_provider"]
    return subprocess.Popen(command, cwd=ROOT, env=_environment(url), text=True, stdout=subprocess.PIPE)


class Issuer:
    """Issues tokens without a pause, in a process of its own, with a lock timeout."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "benchmarks.growth.issuer", LOCK_TIMEOUT]
        self.running = subprocess.Popen(command, cwd=ROOT, env=_environment(url), text=True, stdout=subprocess.PIPE)
        self.times: list[tuple[float, float]] = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.running.stdout is not None
        for line in self.running.stdout:
            self.times.append((time.monotonic(), float(line)))

    def between(self, began: float, ended: float) -> dict[str, Any]:
        """Return how it went meanwhile; an issuer that failed has ended."""
        took = sorted(took for at, took in self.times if began <= at <= ended)
        return {
            "issued": len(took),
            "median_ms": statistics.median(took) if took else None,
            "p99_ms": took[len(took) * 99 // 100] if took else None,
            "longest_ms": took[-1] if took else None,
            "alive": self.running.poll() is None,
        }

    def end(self) -> None:
        """Let it go."""
        self.running.terminate()
        self.running.wait()


def _rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM oauth2_provider_accesstoken").fetchone()
    assert row is not None
    return int(row[0])


def measure(url: str) -> dict[str, Any]:
    """Kill a first run on its way, let the second one end; return what both took and how the issuer fared."""
    before = _rows(url)
    issuer = Issuer(url)
    try:
        while len(issuer.times) < 20:
            time.sleep(0.1)
        quiet = time.monotonic()
        time.sleep(10)
        began = time.monotonic()
        first = _prune(url)
        time.sleep(KILLED_AFTER)
        first.send_signal(signal.SIGKILL)
        first.wait()
        killed = time.monotonic()
        left = _rows(url)
        again = time.monotonic()
        second = _prune(url)
        assert second.stdout is not None
        said = [f"{line.strip()}, after {time.monotonic() - again:.0f} s" for line in second.stdout]
        second.wait()
        ended = time.monotonic()
        third = _prune(url).communicate()[0]
        return {
            "access tokens before": before,
            "left when the first run was killed": left,
            "seconds of the first run": round(killed - began, 1),
            "seconds of the second run": round(ended - again, 1),
            "deleted by the second run": said,
            "deleted by a third run": third.splitlines(),
            "issuer without pruning": issuer.between(quiet, began),
            "issuer beside pruning": issuer.between(again, ended),
        }
    finally:
        issuer.end()
