"""Measure what sign-ins store (`--measure`), or write the tables of docs/deployment.md from what was measured."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, results
from benchmarks.capacity import table
from tests import engines

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs" / "performance"
STORED = FIGURES / "capacity.json"
GUIDE = ROOT / "docs" / "deployment.md"
FOREIGN = ("CACHE_URL", "SITES", "PORT", "DEBUG")


def measure(people: int) -> None:
    """Let so many people sign in on a PostgreSQL of its own; keep what was found."""
    with engines.postgresql() as url, tempfile.TemporaryDirectory() as directory:
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN} | {
            "DATABASE_URL": url,
            "SITES": "provider",
            "PROVIDER_URL": "https://id.example.com",
            "BEHIND_PROXY": "true",
            "STATIC_ROOT": str(Path(directory) / "static"),
            "VAR_DIR": directory,
            "SECRET_KEY": "k" * 64,
            "PROVIDER_KEY_RING": "r" * 48,
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }
        for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
        fill = [sys.executable, "-m", "benchmarks.capacity.fill", str(people)]
        done = subprocess.run(fill, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
        version = subprocess.run(
            [engines.machine.postgresql_programs() / "postgres", "--version"], check=True, stdout=subprocess.PIPE
        ).stdout.decode()
    found = {"machine": machine.describe(version.split()[2], ""), **json.loads(done.stdout)}
    STORED.parent.mkdir(parents=True, exist_ok=True)
    STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def written(text: str) -> str:
    """Return the guide with its tables as the kept figures have them."""
    for name, content in table.sections(STORED, FIGURES).items():
        text = results.between(text, name, content)
    return text


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--measure", type=int, metavar="PEOPLE", help="let so many people sign in; 2000 take minutes")
    parser.add_argument("--table", action="store_true", help="write the tables of docs/deployment.md (always after)")
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
    GUIDE.write_text(written(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
