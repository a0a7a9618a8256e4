"""What attacks on the consumer begin with: an OpenID provider, QQ as canned bytes, and browsers."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import factories
from tests.consumer.conftest import house, house_entry, journey, visitor
from tests.consumer.qq_samples import CannedQQ, serve, site

__all__ = ["house", "house_entry", "journey", "qq", "victim", "visitor"]


@pytest.fixture
def qq(settings: Any, db: None) -> Iterator[CannedQQ]:
    """Return QQ on loopback, in good order, and its entry here."""
    with serve() as server:
        site.speak_to(server, settings)
        yield server


@pytest.fixture
def victim(db: None) -> Any:
    """Return a person who has an account here."""
    return factories.make_user("victim")
