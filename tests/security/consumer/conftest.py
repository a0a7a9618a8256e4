"""What attacks on the consumer begin with: an OpenID provider, QQ, WeChat and GitHub as canned bytes, and browsers."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import factories
from tests.consumer.canned_server import CannedProvider
from tests.consumer.conftest import house, house_entry, journey, visitor
from tests.consumer.github_samples import site as github_site
from tests.consumer.qq_samples import CannedQQ, serve, site
from tests.consumer.weixin_samples import site as weixin_site

__all__ = ["github", "house", "house_entry", "journey", "qq", "victim", "visitor", "weixin"]


@pytest.fixture
def qq(settings: Any, db: None) -> Iterator[CannedQQ]:
    """Return QQ on loopback, in good order, and its entry here."""
    with serve() as server:
        site.speak_to(server, settings)
        yield server


@pytest.fixture
def weixin(settings: Any, db: None) -> Iterator[CannedProvider]:
    """Return WeChat on loopback, in good order, and its two entries here: for websites, and for inside WeChat."""
    with serve() as server:
        weixin_site.speak_to(server, settings)
        weixin_site.add_website_app()
        weixin_site.add_inside_app()
        yield server


@pytest.fixture
def github(settings: Any, db: None) -> Iterator[CannedProvider]:
    """Return GitHub on loopback, in good order, and its entry here."""
    with serve() as server:
        github_site.speak_to(server, settings)
        yield server


@pytest.fixture
def victim(db: None) -> Any:
    """Return a person who has an account here."""
    return factories.make_user("victim")
