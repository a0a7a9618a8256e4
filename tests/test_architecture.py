"""The floors and ceilings of docs/architecture.md, on the real tree and on planted violations."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("provider_site", "consumer_site", "project")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}

# Contract id -> imports that break it, each as (module that gets the import, import statement).
VIOLATIONS: dict[str, list[tuple[str, str]]] = {
    "provider-floors": [
        ("provider_site/models/planted.py", "import provider_site.services"),
        ("provider_site/policy/planted.py", "import provider_site.storage"),
        ("provider_site/protocol/planted.py", "import provider_site.portal"),
        ("provider_site/planted.py", ""),
    ],
    "consumer-floors": [
        ("consumer_site/models/planted.py", "import consumer_site.vault"),
        ("consumer_site/calendar/planted.py", "import consumer_site.logout"),
        ("consumer_site/planted.py", ""),
    ],
    "provider-alone": [
        ("provider_site/portal/planted.py", "import consumer_site.models"),
        ("provider_site/portal/planted.py", "import project.settings"),
        ("provider_site/portal/planted.py", "import allauth.account"),
    ],
    "consumer-alone": [
        ("consumer_site/calendar/planted.py", "import provider_site.models"),
        ("consumer_site/calendar/planted.py", "import project.settings"),
        ("consumer_site/calendar/planted.py", "import oauth2_provider.models"),
    ],
    "protocol-library": [
        ("provider_site/policy/planted.py", "from oauth2_provider.models import get_application_model"),
        ("provider_site/services/planted.py", "import oauthlib.oauth2"),
        ("provider_site/portal/planted.py", "import oauth2_provider"),
    ],
    "connectors-independent": [
        ("consumer_site/connectors/house/planted.py", "import consumer_site.connectors.qq"),
    ],
    "vault-without-connectors": [
        ("consumer_site/vault/planted.py", "import consumer_site.connectors.house"),
    ],
    "sandbox-not-imported": [
        ("consumer_site/migrations/planted.py", "import consumer_site.sandbox"),
        ("project/planted.py", "import consumer_site.sandbox"),
    ],
    "sandbox-shares-nothing": [
        ("consumer_site/sandbox/planted.py", "import consumer_site.connectors.qq"),
        ("consumer_site/sandbox/planted.py", "import consumer_site.vault"),
    ],
}


def lint_imports(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in `directory`."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--config", "pyproject.toml", "--no-logo", "--no-cache", *options]
    environment = {"PYTHONPATH": str(directory), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def python_files() -> Iterator[Path]:
    for package in (*PACKAGES, "tests", "scripts", "benchmarks"):
        yield from sorted((ROOT / package).rglob("*.py"))


def source_files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """Copy the packages' modules and the contracts to a place where an import may be planted."""
    modules_only = shutil.ignore_patterns("__pycache__", "static", "templates", "locale")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=modules_only)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_holds_on_the_real_tree() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_has_a_planted_violation() -> None:
    assert set(VIOLATIONS) == {contract["id"] for contract in CONTRACTS}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["id"])
def test_contract_is_broken_by_each_planted_import(contract: dict[str, str], copied_tree: Path) -> None:
    for module, statement in VIOLATIONS[contract["id"]]:
        planted = copied_tree / module
        planted.write_text(f"{statement}\n")
        result = lint_imports(copied_tree, "--contract", contract["id"])
        planted.unlink()
        assert result.returncode == 1, f"{module}: {statement!r} went unnoticed\n{result.stdout}{result.stderr}"
        assert re.search(rf"^{re.escape(contract['name'])} BROKEN$", result.stdout, re.MULTILINE), result.stdout
        assert module.removesuffix(".py").replace("/", ".") in result.stdout


def test_no_file_is_longer_than_the_ceiling() -> None:
    too_long = {shown(path): len(path.read_text().splitlines()) for path in python_files()}
    assert {name: lines for name, lines in too_long.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_the_ceiling() -> None:
    too_long = {}
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    too_long[f"{shown(path)}:{node.name}"] = lines
    assert too_long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [shown(path) for path in python_files() if VAGUE_NAMES & {path.stem, path.parent.name}]
    assert vague == []


def test_package_init_only_reexports() -> None:
    """Allow a docstring, imports, `__all__` and a version: an `__init__` that does more hides it."""
    offenders = []
    for path in source_files():
        if path.name != "__init__.py":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node) or _assigned(node) in _METADATA:
                continue
            offenders.append(f"{shown(path)}:{node.lineno}")
    assert offenders == []


def test_app_config_ready_only_wires() -> None:
    """Allow imports and calls that connect or register; anything else belongs where it can be tested."""
    offenders = []
    for path in source_files():
        if path.name != "apps.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "ready":
                offenders += [f"{shown(path)}:{line.lineno}" for line in node.body if not _wires(line)]
    assert offenders == []


_METADATA = {"__all__", "__version__", "default_app_config"}


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _assigned(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return ""


def _wires(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
