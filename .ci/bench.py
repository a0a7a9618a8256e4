"""Get the programs that the benchmarks need, then run them; called by `make bench`. Arguments go to benchmarks."""

import os
import subprocess
import sys
from pathlib import Path

import packages

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("PostgreSQL", "OpenSSL", "Node.js", "npm")
COMPILER = (
    packages.Program("A C compiler", "gcc", packages.on_path("cc", "gcc")),
    packages.Program("The C library's headers", "libc6-dev", lambda: Path("/usr/include/stdlib.h").exists()),
)
# What a run without arguments is: all of it, on databases filled anew, with its figures kept.
FULL = ("--refill", "--results", "docs/performance/after.json")


def main(arguments: list[str]) -> int:
    """Return 0 when everything was measured and every answer was right."""
    programs = [program for program in packages.PROGRAMS if program.name in NAMES]
    for program in packages.provide([*programs, *COMPILER]):
        print(f"{program.name} is missing (Debian package {program.package})", file=sys.stderr)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks", *(arguments or FULL)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
