"""Run every check of the project; called by `make test` with the virtual environment's Python.

The suite starts PostgreSQL, Redis and Chromium itself, on free ports, and ends them (tests/engines.py,
tests/chromium.py); the linters, the type checker and the architecture's contracts are tests too. What a machine lacks
is skipped by name; with CI=true that is a failure. Arguments go to pytest.
"""

import os
import subprocess
import sys
from pathlib import Path

import packages

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


def run(*command: str) -> bool:
    """Run one step from the root; say whether it went well."""
    print(f"\n== {' '.join(Path(word).name if word == PYTHON else word for word in command)}", flush=True)
    # The deployment's own settings are none of the tests' business.
    foreign = (
        "SITES",
        "PROVIDER_URL",
        "CONSUMER_URL",
        "DATABASE_URL",
        "CACHE_URL",
        "PORT",
        "DEBUG",
        "DJANGO_SETTINGS_MODULE",
    )
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    environment["PYTHONPATH"] = str(ROOT)
    environment["VAR_DIR"] = str(ROOT / "var" / "test")
    environment["PATH"] = f"{Path(PYTHON).parent}{os.pathsep}{environment.get('PATH', '')}"
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Provide programs, then run the steps; every step runs even if one before it failed."""
    lacking = packages.provide()
    for program in lacking:
        print(f"MISSING {program.name} (Debian package {program.package}): the tests that need it are skipped.")
    (ROOT / "var" / "test").mkdir(parents=True, exist_ok=True)
    workers = os.environ.get("TEST_WORKERS") or "2"
    spread = ["-n", workers, "--dist", "loadfile"]
    steps = [
        run(PYTHON, "manage.py", "check", "--fail-level", "WARNING"),
        run(PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"),
        run(PYTHON, "-m", "pytest", *spread, *arguments),
    ]
    if not arguments and not {"PostgreSQL", "Redis"} & {program.name for program in lacking}:
        journeys = ["tests/flows", "-m", "not slow and not browser"]
        steps.append(run(PYTHON, ".ci/engines.py", *spread, *journeys))
    if lacking and os.environ.get("CI", "").lower() == "true":
        print(f"\nFAILED: with CI=true nothing may be missing: {', '.join(program.name for program in lacking)}.")
        return 1
    return 0 if all(steps) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
