"""Fixtures of the provider's own tests."""

from typing import Any

import pytest

from tests.provider.driver import Driver, plant_signing_key


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return an approved application and a signed-in person's browser."""
    plant_signing_key()
    return Driver(registered, user)
