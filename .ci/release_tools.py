"""The environment of what looks at a release from outside: apart from the one that the tests run in."""

import sys
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parent.parent
VENV = ".venv-release"
FILE = "requirements-release.txt"


def program(name: str) -> Path | None:
    """Return the path of an installed program, `None` where it can't be installed: without a package index."""
    if environment.main(["--into", VENV, FILE]):
        return None
    return ROOT / VENV / "bin" / name


def pinned(file: Path) -> dict[str, str]:
    """Return the version of every package that a requirements*.txt pins, whatever platform it is for."""
    lines = (line.split(" ", 1)[0] for line in file.read_text().splitlines())
    return dict(line.split("==", 1) for line in lines if "==" in line and not line.startswith("#"))


if __name__ == "__main__":
    sys.exit(0 if program("pip-audit") else 1)
