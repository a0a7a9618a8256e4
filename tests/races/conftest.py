"""The fleets that are raced at: two processes in the ordinary suite, four in a soak."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provider_site.limit_settings import DEFAULT_LIMITS
from tests.races.crowd import Crowd
from tests.races.stage import Stage
from tests.scale import fleet as fleets

VARIABLES = {
    "DJANGO_SETTINGS_MODULE": "tests.races.settings",
    "CONSOLE": "tests.races.console",
    # Everybody comes from one address, in one client's name, and most of them in vain.
    "RATE_LIMITS": json.dumps(dict.fromkeys(DEFAULT_LIMITS)),
    # All clients of a process at once, and some to spare: the consumer asks the provider beside it for its keys.
    "SERVER_THREADS": "24",
    "GUNICORN_CMD_ARGS": "--keep-alive 900 --graceful-timeout 2",
}


@pytest.fixture(scope="module")
def fleet(
    request: pytest.FixtureRequest, postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[fleets.Fleet]:
    """Run the processes on a new database."""
    directory = tmp_path_factory.mktemp("races")
    with fleets.running(directory, postgres_url, redis_url, hosts=request.module.PROCESSES, **VARIABLES) as running:
        yield running


@pytest.fixture(scope="module")
def crowd(fleet: fleets.Fleet) -> Iterator[Crowd]:
    """Return the clients."""
    crowd = Crowd([host.port for host in fleet.hosts])
    yield crowd
    crowd.close()


@pytest.fixture
def stage(fleet: fleets.Fleet, crowd: Crowd) -> Callable[..., Any]:
    """Return a function that sets a race up, by the names of Stage."""
    return lambda **facts: Stage(fleet, crowd, **facts)
