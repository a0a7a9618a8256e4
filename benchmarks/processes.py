"""Start processes that end with the run, and read what CPU they use."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

START_SECONDS = 60.0
_TICK = os.sysconf("SC_CLK_TCK")


def listening(port: int) -> bool:
    """Say whether something accepts connections on the loopback `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port: int) -> bool:
    """Return once the loopback `port` can be listened on: a client of something else may have it for a while."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Processes:
    """Servers of a run, each in a process group of its own, all ended on the way out; the last one started first."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: list[tuple[subprocess.Popen[bytes], IO[bytes], int]] = []

    def __enter__(self) -> Self:
        """Take SIGTERM like Ctrl-C, so that nothing outlives the run."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what is still running."""
        for process, log, stop_signal in reversed(self._running):
            end(process, stop_signal)
            log.close()
        self._running.clear()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: Callable[[], bool],
        env: Mapping[str, str],
        stop_signal: int = signal.SIGTERM,
        **options: Any,
    ) -> "subprocess.Popen[bytes]":
        """Start a server and return once it is `ready()`; raise RuntimeError with its log when it ends before."""
        path = self.logs / f"{name}.log"
        log = path.open("wb")
        process = subprocess.Popen(
            command, env=dict(env), stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
        self._running.append((process, log, stop_signal))
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{path.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)
        return process

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """End one of them now."""
        for entry in [entry for entry in self._running if entry[0] is process]:
            end(process, entry[2])
            entry[1].close()
            self._running.remove(entry)


def end(process: "subprocess.Popen[bytes]", stop_signal: int = signal.SIGTERM, seconds: float = 15) -> None:
    """End a process of ours, and what is left of its group by force."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def parse_stat(text: str) -> tuple[int, float]:
    """Return the parent and the CPU seconds, those of ended children included, of a line of /proc/PID/stat."""
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15]) / _TICK


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and of everything below it, ended or not."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent, used = parse_stat(path.read_text())
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        parents[int(path.parent.name)], seconds[int(path.parent.name)] = parent, used
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(seconds.get(one, 0.0) for one in below)


def machine_seconds() -> float:
    """Return the CPU seconds all cores were busy since boot: what others do on the machine shows in it."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _wait, interrupt, soft, steal = fields[:8]
    return (user + nice + system + interrupt + soft + steal) / _TICK
