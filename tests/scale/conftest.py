"""The fleet that the tests of several processes share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.scale import fleet as fleets
from tests.scale.application import Application


@pytest.fixture(scope="session")
def fleet(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[fleets.Fleet]:
    """Run two hosts on a new database, with sessions in Redis too."""
    with fleets.running(tmp_path_factory.mktemp("fleet"), postgres_url, redis_url) as running:
        yield running


@pytest.fixture
def visit(fleet: fleets.Fleet) -> Application:
    """Return an application, its person's browser and tokens that every host has served already."""
    return Application(fleet, fleet.console("person"))


@pytest.fixture
def console(fleet: fleets.Fleet) -> Any:
    """Return a further process of the site."""
    return fleet.console
