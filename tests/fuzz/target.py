"""What is fuzzed: a function of bytes that raises where something is wrong, and the inputs it begins with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """One parser of outside data.

    ``build`` returns the function, having made what it needs; one that ``needs_database`` is built and called where
    there is one, and what a call writes is taken back. ``longest`` is the most bytes an input has. ``reads`` says in
    a few words what is parsed, ``oracle`` what holds besides that nothing but a documented refusal is raised.
    """

    name: str
    build: Callable[[], Run]
    reads: str
    oracle: str
    seeds: tuple[bytes, ...]
    needs_database: bool = False
    longest: int = 2048


def pure(run: Run) -> Callable[[], Run]:
    """Return what builds a function that needs nothing made."""
    return lambda: run


def lines(data: bytes, count: int) -> list[str]:
    """Return the input as so many texts, one a line, as a server decodes what it is sent; what is missing is empty."""
    texts = data.decode("utf-8", "replace").split("\n", count - 1)
    return [*texts, *[""] * (count - len(texts))]


def refused(call: Callable[[], Any], *refusals: type[BaseException]) -> Any:
    """Return what a call returns, or ``None`` where it refuses in a way it documents."""
    try:
        return call()
    except refusals:
        return None
