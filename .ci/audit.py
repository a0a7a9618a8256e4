"""Ask the Python Package Index's service for known vulnerabilities of everything that is pinned.

Fails for each that is known. Where nobody can be asked, says so and passes: a build server without a network is no
fault of what it builds. `CI_AUDIT=required` in the environment makes that a failure too, as for a release.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import release_tools

ROOT = Path(__file__).resolve().parent.parent
# Of the service, in seconds; and of the whole for one file.
TIMEOUT, LONGEST = 15, 300


def answer_about(program: Path, file: Path) -> dict[str, Any] | None:
    """Return what the service knows of the packages of a file, `None` where it could not be asked."""
    command = [program, "--require-hashes", "--disable-pip", "--timeout", str(TIMEOUT), "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, "--format", "json", "--requirement", file],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None
    except json.JSONDecodeError:
        print(done.stderr.strip().splitlines()[-1:] or "no answer", file=sys.stderr)
        return None


def known(answer: dict[str, Any]) -> Iterator[str]:
    """Yield each vulnerability in words."""
    for package in answer["dependencies"]:
        for one in package.get("vulns", ()):
            mended = ", ".join(one["fix_versions"]) or "no release"
            yield f"{package['name']} {package.get('version', '')}: {one['id']}, mended in {mended}"


def unasked(answer: dict[str, Any]) -> list[str]:
    """Return the packages of which the service knew nothing: pip-audit passes them over in silence."""
    return [package["name"] for package in answer["dependencies"] if "skip_reason" in package]


def verdict(answers: dict[str, dict[str, Any] | None], *, required: bool) -> tuple[int, list[str]]:
    """Return the exit status and what to say of the answers about each file."""
    silent, found = [], set()
    for name, answer in sorted(answers.items()):
        if answer is None or len(unasked(answer)) == len(answer["dependencies"]):
            silent.append(f"{name}: could not be asked")
            continue
        if passed_over := unasked(answer):
            silent.append(f"{name}: could not be asked about {', '.join(passed_over)}")
        found |= set(known(answer))
    words = [*silent, *sorted(found)]
    return (1 if found or (silent and required) else 0), words or ["asked about all: no known vulnerability"]


def main() -> int:
    """Ask about every file, and say what is known."""
    program = release_tools.program("pip-audit")
    files = sorted(ROOT.glob("requirements*.txt"))
    answers = {file.name: answer_about(program, file) if program else None for file in files}
    status, words = verdict(answers, required=os.environ.get("CI_AUDIT") == "required")
    print(*words, sep="\n", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
