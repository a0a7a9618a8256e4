"""Fixtures of the provider's own tests."""

from typing import Any

import pytest
from hypothesis import settings

from tests.provider.driver import Driver, plant_signing_key

# A busy machine is no fault of an example.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return an approved application and a signed-in person's browser."""
    plant_signing_key()
    return Driver(registered, user)
