"""A process is killed at every point of a request: nothing is half done, and its client can go on."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable

import pytest

from tests.crashes import acts, fleet, integrity
from tests.scale.application import Application
from tests.scale.fleet import Fleet

# Each by how many points it has at least: of a request that dies nowhere nothing would be shown.
LEAST = {
    acts.Code: 4,
    acts.Exchange: 3,
    acts.Refresh: 3,
    acts.Revocation: 4,
    acts.Consent: 8,
    acts.ConsentEnd: 4,
    acts.Withdrawal: 8,
    acts.DeviceDecision: 8,
    acts.DeviceEnd: 4,
    acts.DeviceExchange: 4,
}


def die_everywhere(served: Fleet, kind: type[acts.Act]) -> Counter[str]:
    """Kill the process that answers at each point of its request; return how often a second try came to what."""
    came_to: Counter[str] = Counter()
    database_url = served.environment["DATABASE_URL"]
    makes = "device" if issubclass(kind, acts.DeviceDecision) else "person"
    visit = Application(served, served.console(makes))
    for point in itertools.count(1):
        if issubclass(kind, acts.Consent | acts.Withdrawal):  # what nobody had allowed before
            visit = Application(served, served.console(makes))
        act = kind(served, visit)
        act.begin()
        answer = act.ask(point)
        assert integrity.broken(database_url) == {}, (kind, point)
        came_to[act.holds(answer)] += answer is None
        assert integrity.broken(database_url) == {}, (kind, point)
        if answer is not None:
            assert point > LEAST[kind], fleet.log_of(served)
            return +came_to
    raise AssertionError


def told(kind: type[acts.Act], where: str, came_to: Counter[str]) -> str:
    """Return a line of figures."""
    return f"{kind.__name__}, {where}: {came_to.total()} deaths; the second try {dict(came_to)}"


# Of PostgreSQL it is one statement: what has parts is the transaction of SQLite.
@pytest.mark.slow
@pytest.mark.parametrize("kind", [acts.Exchange, acts.Refresh], ids=lambda kind: kind.__name__)
def test_nothing_is_half_done_wherever_a_process_dies(serve: Callable[..., Fleet], kind: type[acts.Act]) -> None:
    assert die_everywhere(serve("sqlite"), kind).total() >= LEAST[kind]


@pytest.mark.soak
@pytest.mark.parametrize("lane", ["on", "off"])
@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
@pytest.mark.parametrize("kind", LEAST, ids=lambda kind: kind.__name__)
def test_nothing_is_ever_half_done(serve: Callable[..., Fleet], kind: type[acts.Act], engine: str, lane: str) -> None:
    came_to = die_everywhere(serve(engine, FAST_LANE=lane), kind)
    sys.stdout.write(f"\n{told(kind, f'{engine}, FAST_LANE {lane}', came_to)}\n")
