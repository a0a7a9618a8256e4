"""What a process remembers of readiness is another test's."""

from collections.abc import Iterator
from typing import Any

import pytest

from site_monitoring import checks, readiness
from tests.provider.driver import Driver, plant_signing_key

TOKEN = "monitoring-token-of-the-tests-0123456789"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    yield
    readiness.forget()
    readiness._memory.faults.clear()
    checks.forget()


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return an approved application and a signed-in person's browser."""
    plant_signing_key()
    return Driver(registered, user)


@pytest.fixture
def token(settings: Any) -> str:
    """Let both apps know the monitoring token; return it."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "MONITORING_TOKEN": TOKEN}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "MONITORING_TOKEN": TOKEN}
    return TOKEN
