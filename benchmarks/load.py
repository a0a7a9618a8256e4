"""Run the load generator, and read what everybody used between its two marks."""

import json
import os
import select
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Load:
    """How hard, and how long."""

    connections: int = 16
    seconds: float = 7.0
    warm_up: float = 1.5


def run(
    generator: Path,
    *,
    port: int,
    scenario: Path,
    load: Load,
    own: Mapping[str, Path],
    pool: Mapping[str, Path],
    offset: int,
    at_mark: Callable[[], None],
) -> dict[str, Any]:
    """Return the load generator's figures; `at_mark` is called where the measured time begins and where it ends.

    Raises RuntimeError when it fails.
    """
    marks = scenario.with_suffix(".marks")
    marks.unlink(missing_ok=True)
    os.mkfifo(marks)
    numbers = {"-p": port, "-c": load.connections, "-d": load.seconds, "-w": load.warm_up, "-o": offset}
    command = [str(generator), "-f", str(scenario), *(str(word) for pair in numbers.items() for word in pair)]
    command += [word for name, path in own.items() for word in ("-v", f"{name}={path}")]
    command += [word for name, path in pool.items() for word in ("-P", f"{name}={path}")]
    reader = os.open(marks, os.O_RDONLY | os.O_NONBLOCK)
    process = subprocess.Popen(
        command, env={"LG_MARK": str(marks)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for mark in ("start", "end"):
            _wait(reader, process, mark)
            at_mark()
        output, errors = process.communicate(timeout=120)
    finally:
        os.close(reader)
        if process.poll() is None:
            process.kill()
            process.wait()
        marks.unlink()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {errors}")
    figures: dict[str, Any] = json.loads(output)
    return figures


def _wait(reader: int, process: "subprocess.Popen[str]", mark: str) -> None:
    """Return when the generator writes its mark; nothing is read before it opened its end."""
    while True:
        select.select([reader], [], [], 0.5)
        try:
            if os.read(reader, len(mark) + 1):
                return
        except BlockingIOError:
            pass
        if process.poll() is not None:
            raise RuntimeError(f"the load generator ended before its {mark}: {process.communicate()}")
