"""Run every check of the project; called by `make test` with the virtual environment's Python.

The suite starts PostgreSQL, Redis and Chromium itself, on free ports, and ends them (tests/engines.py,
tests/chromium.py); the linters, the type checker and the architecture's contracts are tests too. What a machine lacks
is skipped by name; with CI=true that is a failure. Arguments go to pytest, whose whole suite comes last, so that its
summary ends the output.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import clients
import packages

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
# The deployment's own settings are none of the tests' business.
FOREIGN = (
    "SITES",
    "PROVIDER_URL",
    "CONSUMER_URL",
    "DATABASE_URL",
    "CACHE_URL",
    "PORT",
    "DEBUG",
    "DJANGO_SETTINGS_MODULE",
)


def run(name: str, *command: str) -> str:
    """Run one step from the root; return a line that says what ran, how it ended and how long it took."""
    print(f"\n== {name}: python {shlex.join(command)}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    # Every worker and every process a test starts would otherwise compile the tree, and rewrite its asserts, anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPATH"] = str(ROOT)
    environment["VAR_DIR"] = str(ROOT / "var" / "test")
    environment["PATH"] = f"{Path(PYTHON).parent}{os.pathsep}{environment.get('PATH', '')}"
    start = time.monotonic()
    status = subprocess.run([PYTHON, *command], cwd=ROOT, env=environment, check=False).returncode
    return f"{'FAILED' if status else 'passed'}  {name} ({time.monotonic() - start:.0f} s)"


def engines(spread: Sequence[str], arguments: Sequence[str], lacking: Sequence[packages.Program]) -> str:
    """Run the journeys on PostgreSQL and Redis, or say why not."""
    name = "journeys on PostgreSQL and Redis"
    if arguments:
        return f"skipped {name}: ARGS were given, and go to the whole suite"
    if absent := [program.name for program in lacking if program.name in {"PostgreSQL", "Redis"}]:
        return f"skipped {name}: {' and '.join(absent)} missing"
    return run(name, ".ci/engines.py", *spread)


def main(arguments: list[str]) -> int:
    """Provide programs, then run the steps; every step runs even if one before it failed."""
    lacking = packages.provide()
    has_clients = clients.provide()
    (ROOT / "var" / "test").mkdir(parents=True, exist_ok=True)
    # One worker more than there are processors: one of them mostly waits for a browser or another process.
    workers = os.environ.get("TEST_WORKERS") or "3"
    # In the order of tests/conftest.py, which begins with what takes longest.
    spread = ["-n", workers, "--dist", "loadfile", "--no-loadscope-reorder"]
    steps = [
        run("Django's checks", "manage.py", "check", "--fail-level", "WARNING"),
        run("migrations match the models", "manage.py", "makemigrations", "--check", "--dry-run"),
        engines(spread, arguments, lacking),
    ]
    state = "FAILED " if os.environ.get("CI", "").lower() == "true" else "skipped"
    for program in lacking:
        package = f"{program.name}, missing (Debian package {program.package})"
        steps.append(f"{state} tests that need {package}")
    if not has_clients:
        steps.append(f"{state} tests that need the clients of tests/interop (.ci/clients.py)")
    print("\n== Steps so far", *steps, sep="\n", flush=True)
    steps.append(run("the whole suite", "-m", "pytest", *spread, "--durations=15", *arguments))
    # The last one has just said itself how it ended.
    failed = [step for step in steps if step.startswith("FAILED")]
    if failed:
        print("", *failed, sep="\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
