"""Builds of the product in which one defence is missing, and the attacks that must succeed against each.

An attack test that stays green without the defence it is about proves nothing. So each named attack runs once more
against the weakened build, in the same process and with the same fixtures, and must fail there
(``tests/security/conftest.py`` does that). A weakening changes one thing at the seam of a module.

To add one, write into a module of this package whose name begins with ``provider_`` or ``consumer_``::

    @weakens("test_code_replay.py::TestCodeReplay::test_second_use_is_refused")
    def code_is_not_consumed(build: Build) -> None:
        \"\"\"Leave the code where it was redeemed.\"\"\"
        build.replace("provider_site.storage.codes.consume_code", lambda **_: True)

Addresses are those of pytest, below ``tests/security``. Without brackets every case of a parametrized test must
succeed against the build; with them the named case alone.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SECURITY = HERE.parent


@dataclass(frozen=True)
class Build:
    """The product, to be weakened for the length of one test."""

    patch: pytest.MonkeyPatch
    django_settings: Any

    def replace(self, seam: str, value: Any) -> None:
        """Put `value` in the place of what the dotted address names."""
        self.patch.setattr(seam, value)

    def wrap(self, seam: str, around: Callable[..., Any]) -> None:
        """Call `around(original, ...)` wherever what the dotted address names was called."""
        target, name = derive(seam)
        original = getattr(target, name)
        self.patch.setattr(target, name, lambda *args, **named: around(original, *args, **named))

    def settings(self, **changes: Any) -> None:
        """Change Django settings; what is a dictionary is updated."""
        for name, value in changes.items():
            now = getattr(self.django_settings, name, None)
            setattr(self.django_settings, name, now | value if isinstance(now, dict) else value)

    def without_middleware(self, name: str) -> None:
        """Take one class out of MIDDLEWARE, named by its last part."""
        kept = [path for path in self.django_settings.MIDDLEWARE if path.rpartition(".")[2] != name]
        assert len(kept) == len(self.django_settings.MIDDLEWARE) - 1, name
        self.django_settings.MIDDLEWARE = kept


@dataclass(frozen=True)
class Weakening:
    """One build: its name, what is missing, how to make it, and the attacks it must let through."""

    name: str
    what: str
    apply: Callable[[Build], None]
    attacks: tuple[str, ...]


WEAKENINGS: dict[str, Weakening] = {}


def weakens(*attacks: str) -> Callable[[Callable[[Build], None]], Callable[[Build], None]]:
    """Register a build under its function's name with hyphens, the consumer's marked; its docstring says what it lacks.

    The provider's and the consumer's may have one name.
    """

    def register(apply: Callable[[Build], None]) -> Callable[[Build], None]:
        name = apply.__name__.replace("_", "-")
        if ".consumer_" in apply.__module__ and not name.startswith("consumer-"):
            name = f"consumer-{name}"
        assert name not in WEAKENINGS, name
        assert attacks, name
        what = (apply.__doc__ or "").strip().partition("\n")[0]
        WEAKENINGS[name] = Weakening(name, what, apply, attacks)
        return apply

    return register


def load() -> dict[str, Weakening]:
    """Return every registered build."""
    for module in pkgutil.iter_modules([str(HERE)]):
        if module.name.startswith(("provider_", "consumer_")):
            importlib.import_module(f"{__package__}.{module.name}")
    return WEAKENINGS


def derive(seam: str) -> tuple[Any, str]:
    """Return the object that holds what a dotted address names, and the name it has there."""
    path, _dot, name = seam.rpartition(".")
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            target: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            target = getattr(target, part)
        return target, name
    raise LookupError(seam)
