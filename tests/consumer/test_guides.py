"""The pages for developers about the consumer: what they name exists, and their examples are code."""

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from consumer_site.conf import ConsumerSettings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs/consumer").glob("*.md"))
EACH = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])


def python_of(page: Path) -> list[str]:
    """Return the Python fences of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@EACH
def test_examples_are_python_and_import_what_there_is(page: Path) -> None:
    for example in python_of(page):
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("consumer_site"):
                module = importlib.import_module(str(node.module))
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    assert hasattr(module, alias.name) or importlib.util.find_spec(name), name


@EACH
def test_calls_of_the_vault_in_examples_are_its_own(page: Path) -> None:
    vault = importlib.import_module("consumer_site.vault")
    for example in python_of(page):
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "vault":
                assert node.attr in vault.__all__, node.attr


@EACH
def test_files_links_and_tests_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    for path, test in re.findall(r"`((?:tests|docs|consumer_site|scripts)/[\w./-]+?\.(?:py|md))(?:::(\w+))?`", text):
        assert (ROOT / path).is_file(), path
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8") or not test, test


@EACH
def test_commands_and_settings_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command in re.findall(r"manage\.py (\w+)", text):
        assert command in get_commands(), command
    for name in re.findall(r'CONSUMER_SITE\["(\w+)"\]', text):
        assert hasattr(ConsumerSettings, name), name


def test_system_checks_of_the_page_are_those_of_the_code() -> None:
    told = set(re.findall(r"`([EW]\d{3})`", (ROOT / "docs/consumer/configuration.md").read_text(encoding="utf-8")))
    code = [(ROOT / "consumer_site" / name).read_text(encoding="utf-8") for name in ("checks.py", "provider_checks.py")]
    assert told == set(re.findall(r"consumer_site\.([EW]\d{3})", "".join(code)))
