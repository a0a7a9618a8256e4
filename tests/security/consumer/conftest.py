"""What attacks on the consumer begin with: an OpenID provider, QQ as canned bytes, and browsers."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp

from tests import factories
from tests.consumer.conftest import house, house_entry, journey, visitor
from tests.consumer.qq_samples import (
    APP_ID,
    APP_KEY,
    ME,
    PROFILE_PATH,
    TOKEN,
    CannedQQ,
    me_jsonp,
    profile,
    serve,
    token,
)

__all__ = ["house", "house_entry", "journey", "qq", "victim", "visitor"]


@pytest.fixture
def qq(settings: Any, db: None) -> Iterator[CannedQQ]:
    """Return QQ on loopback, in good order, and its entry here."""
    with serve() as server:
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "QQ_BASE_URLS": {APP_ID: server.base_url}}
        SocialApp.objects.create(provider="qq", name="QQ", client_id=APP_ID, secret=APP_KEY)
        server.answer(TOKEN, token())
        server.answer(ME, me_jsonp())
        server.answer(PROFILE_PATH, profile())
        yield server


@pytest.fixture
def victim(db: None) -> Any:
    """Return a person who has an account here."""
    return factories.make_user("victim")
