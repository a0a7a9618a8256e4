"""The linters and the type checker pass, with the options of pyproject.toml."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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


def test_hooks_at_commit_have_the_versions_of_the_test_run() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==([^ ;\\]+)", (ROOT / "requirements-test.txt").read_text(), re.MULTILINE))
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    wanted = dict(pin.split("==") for hook in hooks for pin in hook.get("additional_dependencies", []))
    assert {name: version for name, version in wanted.items() if pinned.get(name, version) != version} == {}
    assert {"ruff", "djlint"} <= wanted.keys() & pinned.keys()
