"""Fixtures of the provider's own tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests.provider import sector_host
from tests.provider.driver import Driver, plant_signing_key

# A busy machine is no fault of an example.
hypothesis_settings.register_profile("no-deadline", deadline=None)
hypothesis_settings.load_profile("no-deadline")


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return an approved application and a signed-in person's browser."""
    plant_signing_key()
    return Driver(registered, user)


@pytest.fixture
def sector_site(settings: Any, tmp_path: Path) -> Iterator[sector_host.SectorHost]:
    """Return a host that publishes a sector identifier document, which the provider may call."""
    with sector_host.publishing(settings, tmp_path) as host:
        yield host
