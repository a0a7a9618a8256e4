"""Every attack can fail: for each file of attacks there is a build that lets one of them through."""

import ast
from pathlib import Path

import pytest

from tests.security.weakened.again import RUN
from tests.security.weakened.registry import SECURITY, Build, load
from tests.security.weakened.stock import BY_STOCK

FILES = sorted(
    path.relative_to(SECURITY).as_posix()
    for folder in (SECURITY, SECURITY / "consumer")
    for path in folder.glob("test_*.py")
)


def names_in(path: Path) -> set[str]:
    """Return the addresses of a file's tests, as pytest writes them behind the file's name."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return found


def attacks() -> set[str]:
    """Return the addresses of all attacks that builds name, without their cases."""
    return {attack.partition("[")[0] for weakening in load().values() for attack in weakening.attacks}


@pytest.mark.parametrize("file", FILES)
def test_file_has_an_attack_that_succeeds_somewhere(file: str) -> None:
    assert file in {attack.partition("::")[0] for attack in attacks()}, f"No build lets an attack of {file} through"


def test_every_named_attack_is_there() -> None:
    there = {f"{file}::{name}" for file in FILES for name in names_in(SECURITY / file)}
    assert attacks() - there == set()


def test_every_named_run_of_stock_is_there() -> None:
    assert set(BY_STOCK) <= set(FILES)
    for address in (address for addresses in BY_STOCK.values() for address in addresses):
        file, _mark, name = address.partition("::")
        assert name in names_in(SECURITY.parent / file), address


def test_every_named_case_was_collected(request: pytest.FixtureRequest) -> None:
    """A mistyped case would be an attack that is never run."""
    if any("::" in argument for argument in request.config.args):
        pytest.skip("single tests were chosen")
    collected = {item.path.relative_to(SECURITY).as_posix() for item in request.session.items if within(item)}
    named = {
        (weakening.name, attack)
        for weakening in load().values()
        for attack in weakening.attacks
        if attack.partition("::")[0] in collected
    }
    assert named - request.config.stash[RUN] == set()


def within(item: pytest.Item) -> bool:
    """Tell whether a test is one of an attack."""
    return item.path.is_relative_to(SECURITY) and item.path.parent.name != "weakened"


def test_table_names_every_build_and_every_file_of_the_provider() -> None:
    table = (SECURITY.parents[1] / "docs" / "attacks.md").read_text(encoding="utf-8")
    builds = {f"`{name}`" for name in load() if not name.startswith("consumer-")}
    files = {f"`{file}`" for file in FILES if "/" not in file and not file.startswith("test_any_")}
    assert [name for name in sorted(builds | files) if name not in table] == []


def test_every_build_says_what_is_missing() -> None:
    assert [weakening.name for weakening in load().values() if not weakening.what.endswith(".")] == []


def test_build_is_whole_again_afterwards(settings: object) -> None:
    from provider_site.protocol.validator import Validator

    before = Validator.validate_code
    with pytest.MonkeyPatch.context() as patch:
        Build(patch, settings).replace("provider_site.protocol.validator.Validator.validate_code", None)
        assert Validator.validate_code is None
    assert Validator.validate_code is before
