"""What is installed is pinned, hashed, named and justified; what is built is the same for everybody."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import wheels

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
PINNED = sorted(ROOT.glob("requirements*.txt"))
SBOM_PROGRAM = ROOT / ".venv-release" / "bin" / "cyclonedx-py"
# The whole text stands where others name it.
LONG_TEXTS = {"django-oauth-toolkit": "BSD-2-Clause"}


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports one of the programs in .ci."""

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(ROOT / ".ci"))
        return __import__(name)

    return load


def entries(file: Path) -> list[str]:
    """Return what pip reads as one line each, comments left out."""
    text = "\n".join(line for line in file.read_text().splitlines() if not line.lstrip().startswith("#"))
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def unhashed(lines: list[str]) -> list[str]:
    """Return the lines that are not one version of one package with the digests of its files."""
    return [line for line in lines if not re.match(r"[a-z0-9.-]+(\[\S+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_every_requirement_is_one_version_with_its_hashes(file: Path) -> None:
    lines = entries(file)
    assert lines
    assert not unhashed(lines)


@pytest.mark.parametrize("line", ["django==5.2", "django>=5 --hash=sha256:" + "0" * 64, "git+https://example.com/x"])
def test_requirement_without_a_version_or_a_hash_is_found(line: str) -> None:
    assert unhashed([line]) == [line]


def direct() -> set[str]:
    """Return the packages that the wheel, its extras and the project ask for by themselves."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    texts += [line.split("#")[0] for line in (ROOT / "requirements.in").read_text().splitlines()]
    return {canonicalize_name(Requirement(text).name) for text in texts if text.strip()}


def rows() -> dict[str, list[str]]:
    """Return the cells of each row of the page's table, by package."""
    table = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return {canonicalize_name(cells[0].strip()): [cell.strip() for cell in cells[1:]] for cells in table[1:]}


def test_page_names_every_direct_dependency_and_no_other() -> None:
    assert rows().keys() == direct()
    assert all(all(cells) for cells in rows().values())


@pytest.mark.parametrize("name", sorted(direct()))
def test_licence_on_the_page_is_the_one_that_is_installed(name: str) -> None:
    metadata = importlib.metadata.metadata(name)
    said = metadata.get("License-Expression") or LONG_TEXTS.get(name) or metadata.get("License")
    assert rows()[name][-1] == said


def test_wheel_is_the_same_whoever_builds_it_when_and_where(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    kept = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    for name in kept:
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
        )
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, copy / name)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("LC_ALL", "C")
    assert wheels.build(tmp_path / "dist", source=copy).read_bytes() == wheel.read_bytes()


def test_known_vulnerability_fails_and_silence_does_not(tool: Any) -> None:
    audit = tool("audit")
    known = {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    bad = {"dependencies": [{"name": "a", "version": "1.0", "vulns": [known]}, {"name": "b", "vulns": []}]}
    good = {"dependencies": [{"name": "b", "version": "1.0", "vulns": []}]}
    passed_over = {"dependencies": [{"name": "a", "skip_reason": "not found"}]}
    assert audit.verdict({"x": bad, "y": None}, required=False) == (
        1,
        ["y: could not be asked", "a 1.0: PYSEC-1, mended in 1.1"],
    )
    assert audit.verdict({"x": good}, required=True) == (0, ["asked about all: no known vulnerability"])
    for silence in (None, passed_over):
        assert audit.verdict({"x": silence}, required=False) == (0, ["x: could not be asked"])
        assert audit.verdict({"x": silence}, required=True)[0] == 1
    some = {"dependencies": passed_over["dependencies"] + good["dependencies"]}
    assert audit.verdict({"x": some}, required=True) == (1, ["x: could not be asked about a"])


def test_package_that_the_bill_of_materials_leaves_out_is_found(tool: Any) -> None:
    hashed = {"externalReferences": [{"hashes": [{"alg": "SHA-256", "content": "0" * 64}]}]}
    document = {"components": [{"name": "a", "version": "1", **hashed}, {"name": "b", "version": "2"}]}
    assert tool("sbom").lacking(document, {"a": "1", "b": "2", "c": "3"}) == ["b==2", "c==3"]
    assert tool("sbom").lacking(document, {"a": "2"}) == ["a==2"]


@pytest.mark.slow
def test_bill_of_materials_names_every_pinned_package(tool: Any, tmp_path: Path) -> None:
    if not SBOM_PROGRAM.exists():
        pytest.skip("make audit or make sbom installs what writes it")
    written = tmp_path / "sbom.json"
    command = [sys.executable, str(ROOT / ".ci" / "sbom.py"), str(written)]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
    document = json.loads(written.read_text())
    assert document["bomFormat"] == "CycloneDX"
    named = {(component["name"], component["version"]) for component in document["components"]}
    assert named == set(tool("release_tools").pinned(ROOT / "requirements.txt").items())
