"""Run named attacks once more against weakened builds: the hooks and the fixture that conftest.py offers to pytest."""

from collections import defaultdict
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.security.weakened.registry import SECURITY, Build, load

# How an attack test says that the attack succeeded: an assertion, pytest.raises without an exception, or a member that
# a refusal would have had.
SUCCEEDED = (AssertionError, KeyError, pytest.fail.Exception)
FIXTURE = "weakened"
RUN = pytest.StashKey[set[tuple[str, str]]]()


def address_of(node: Any, path: Any) -> str:
    """Return the address of a test function below tests/security, without a case."""
    inside = path.relative_to(SECURITY).as_posix()
    classes = [node.cls.__name__] if node.cls else []
    name = node.function.__name__ if hasattr(node, "function") else node.originalname
    return "::".join([inside, *classes, name])


def attacks() -> dict[str, dict[str, set[str]]]:
    """Return for each attacked test the names of its builds, and the named cases of each (none: all of them)."""
    found: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for weakening in load().values():
        for attack in weakening.attacks:
            address, bracket, case = attack.partition("[")
            cases = found[address].setdefault(weakening.name, set())
            if bracket:
                cases.add(case.removesuffix("]"))
    return found


def generate(metafunc: pytest.Metafunc) -> None:
    """Make a test run as it is, and once more by each build that names it."""
    if FIXTURE not in metafunc.fixturenames:
        return
    names = attacks().get(address_of(metafunc, metafunc.definition.path), {})
    if names:
        again = [pytest.param(name, id=f"!{name}", marks=pytest.mark.weakened) for name in names]
        metafunc.parametrize(FIXTURE, [pytest.param(None, id=pytest.HIDDEN_PARAM), *again], indirect=True)


def build_of(item: Any) -> str | None:
    """Return the name of the build a collected test runs against."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(FIXTURE)


def keep_named_cases(items: list[pytest.Item], config: pytest.Config) -> None:
    """Drop cases of parametrized tests that a build does not name."""
    named, run = attacks(), config.stash.setdefault(RUN, set())

    def is_wanted(item: Any) -> bool:
        name = build_of(item)
        if name is None:
            return True
        address = address_of(item, item.path)
        cases = named[address][name]
        case = "-".join(part for part in item.callspec.id.replace(f"!{name}", "\0").split("-") if part != "\0")
        if cases and case not in cases:
            return False
        run.add((name, f"{address}[{case}]" if cases else address))
        return True

    items[:] = [item for item in items if not item.path.is_relative_to(SECURITY) or is_wanted(item)]


def call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Turn the outcome of an attack on a weakened build round: it must succeed."""
    name = build_of(item)
    if name is None:
        return (yield)
    try:
        yield
    except SUCCEEDED as seen:
        item.user_properties.append(("went red by", f"{type(seen).__name__}: {seen}"))
        return None
    pytest.fail(f"The attack does not succeed against the build {name!r}: this test cannot fail by it.", pytrace=False)


def weaken(request: Any, settings: Any) -> Iterator[None]:
    """Apply the build that the test asks for."""
    name = getattr(request, "param", None)
    if name is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        load()[name].apply(Build(patch, settings))
        yield
