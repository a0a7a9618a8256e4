"""What a process remembers of readiness is another test's."""

from collections.abc import Iterator
from typing import Any

import pytest

from site_monitoring import checks, readiness

TOKEN = "monitoring-token-of-the-tests-0123456789"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    yield
    readiness.forget()
    readiness._memory.faults.clear()
    checks.forget()


@pytest.fixture
def token(settings: Any) -> str:
    """Let both apps know the monitoring token; return it."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "MONITORING_TOKEN": TOKEN}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "MONITORING_TOKEN": TOKEN}
    return TOKEN
