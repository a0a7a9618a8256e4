"""Let the emulators stand alone in every test: no other app's urls, no host routing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests import servers
from tests.consumer import settings_sandbox as alone
from tests.consumer.sandbox.visitor import APP_ID, CALLBACK, KEY, Visitor


@pytest.fixture(autouse=True)
def sandbox_settings(settings: Any) -> Any:
    """Configure one app, reviewed, without UnionID, under DEBUG."""
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = alone.ALLOWED_HOSTS
    settings.ROOT_URLCONF = alone.ROOT_URLCONF
    settings.MIDDLEWARE = alone.MIDDLEWARE
    settings.LANGUAGE_CODE = "en"
    settings.STATIC_URL = "/static/"
    settings.STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.CONSUMER_SITE = {
        "SANDBOX": {"QQ_APPS": {APP_ID: {"key": KEY, "callbacks": [CALLBACK], "name": "朝夕日历"}}}
    }
    return settings


@pytest.fixture
def qq_app(settings: Any) -> dict[str, Any]:
    """Return the app's options; a change is seen by the next request."""
    options: dict[str, Any] = settings.CONSUMER_SITE["SANDBOX"]["QQ_APPS"][APP_ID]
    return options


@pytest.fixture
def visitor(client: Client, db: None) -> Visitor:
    """Return somebody who walks through the emulator by Django's test client."""
    return Visitor(client)


@pytest.fixture
def live_emulator(transactional_db: None, settings: Any) -> Iterator[servers.LiveSites]:
    """Serve the emulator over real HTTP at `.consumer` + /sandbox/qq; callbacks move to its port."""
    with servers.serve_sites(settings) as sites:
        yield sites
    assert not sites.exceptions, f"A view raised {sites.exceptions!r}"
