"""The linters and the type checker pass, with the options of pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("*_site/**/templates")) if path.is_dir()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["djlint", "--lint", "--quiet", "project/templates", *TEMPLATES],
        ["mypy"],
    ],
    ids=["ruff-check", "ruff-format", "djlint", "mypy"],
)
def test_linter_finds_nothing(command: list[str]) -> None:
    program = Path(sys.executable).with_name(command[0])
    result = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
