"""A site that somebody keeps by the run-books, an application of its, and a person."""

from pathlib import Path
from typing import Any

import pytest

from tests.provider.driver import Driver, plant_signing_key
from tests.runbooks.rehearsal import Site


@pytest.fixture
def site(db: None, settings: Any, tmp_path: Path) -> Site:
    """Return the site as its environment has it."""
    return Site(tmp_path, settings)


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return an approved application and a signed-in person's browser."""
    plant_signing_key()
    return Driver(registered, user)
