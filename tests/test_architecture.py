"""The floors of docs/architecture.md, on the real tree and on planted violations."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "provider_site",
    "consumer_site",
    "outbound_http",
    "keyset_lists",
    "site_monitoring",
    "site_doctor",
    "project",
)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

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
    "outbound-alone": [
        ("outbound_http/planted.py", "import provider_site.conf"),
        ("outbound_http/planted.py", "import consumer_site.conf"),
        ("outbound_http/planted.py", "import project.settings"),
        ("outbound_http/planted.py", "from django.conf import settings"),
    ],
    "lists-alone": [
        ("keyset_lists/planted.py", "import provider_site.conf"),
        ("keyset_lists/planted.py", "import consumer_site.conf"),
        ("keyset_lists/planted.py", "import outbound_http.policy"),
        ("keyset_lists/planted.py", "import project.settings"),
    ],
    "monitoring-alone": [
        ("site_monitoring/planted.py", "import provider_site.conf"),
        ("site_monitoring/planted.py", "import consumer_site.conf"),
        ("site_monitoring/planted.py", "import outbound_http.policy"),
        ("site_monitoring/planted.py", "import keyset_lists.pages"),
        ("site_monitoring/planted.py", "import project.settings"),
    ],
    "doctor-alone": [
        ("site_doctor/planted.py", "import provider_site.conf"),
        ("site_doctor/planted.py", "import consumer_site.conf"),
        ("site_doctor/planted.py", "import outbound_http.policy"),
        ("site_doctor/planted.py", "import keyset_lists.pages"),
        ("site_doctor/planted.py", "import site_monitoring.checks"),
        ("site_doctor/planted.py", "import project.settings"),
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
