"""Let the emulators stand alone in every test: no other app's urls, no host routing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests import servers
from tests.consumer import settings_sandbox as alone
from tests.consumer.sandbox import github_visitor as github
from tests.consumer.sandbox import weixin_visitor as weixin
from tests.consumer.sandbox.visitor import APP_ID, CALLBACK, KEY, Visitor


@pytest.fixture(autouse=True)
def sandbox_settings(settings: Any) -> Any:
    """Configure apps of each kind, reviewed, at QQ without UnionID, under DEBUG."""
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = alone.ALLOWED_HOSTS
    settings.ROOT_URLCONF = alone.ROOT_URLCONF
    settings.MIDDLEWARE = alone.MIDDLEWARE
    settings.LANGUAGE_CODE = "en"
    settings.STATIC_URL = "/static/"
    settings.STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.CONSUMER_SITE = {
        "SANDBOX": {
            "QQ_APPS": {APP_ID: {"key": KEY, "callbacks": [CALLBACK], "name": "朝夕日历"}},
            "WEIXIN_APPS": {
                weixin.WEBSITE: {"secret": weixin.SECRET, "domains": ["127.0.0.1"], "name": "朝夕日历"},
                weixin.INSIDE: {"secret": weixin.SECRET, "domains": ["127.0.0.1"], "inside": True},
            },
            "GITHUB_APPS": {
                github.OAUTH_APP: {"secret": github.SECRET, "callbacks": [CALLBACK], "name": "朝夕日历"},
                github.GITHUB_APP: {"secret": github.SECRET, "callbacks": [CALLBACK], "github_app": True},
            },
        }
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
def website(client: Client, db: None) -> weixin.WeixinVisitor:
    """Return somebody who signs in at a website by WeChat."""
    return weixin.WeixinVisitor(client)


@pytest.fixture
def inside(client: Client, db: None) -> weixin.WeixinVisitor:
    """Return somebody whose browser is WeChat itself."""
    return weixin.WeixinVisitor(client, inside=True)


@pytest.fixture
def weixin_app(settings: Any) -> dict[str, Any]:
    """Return the website app's options; a change is seen by the next request."""
    options: dict[str, Any] = settings.CONSUMER_SITE["SANDBOX"]["WEIXIN_APPS"][weixin.WEBSITE]
    return options


@pytest.fixture
def octo(client: Client, db: None) -> github.GitHubVisitor:
    """Return somebody who signs in by GitHub at an OAuth app."""
    return github.GitHubVisitor(client)


@pytest.fixture
def octo_at_app(client: Client, db: None) -> github.GitHubVisitor:
    """Return somebody who signs in by GitHub at a GitHub App."""
    return github.GitHubVisitor(client, github.GITHUB_APP)


@pytest.fixture
def github_apps(settings: Any) -> dict[str, dict[str, Any]]:
    """Return the GitHub apps' options by client id; a change is seen by the next request."""
    options: dict[str, dict[str, Any]] = settings.CONSUMER_SITE["SANDBOX"]["GITHUB_APPS"]
    return options


@pytest.fixture
def live_emulator(transactional_db: None, settings: Any) -> Iterator[servers.LiveSites]:
    """Serve the emulator over real HTTP at `.consumer` + /sandbox/qq; callbacks move to its port."""
    with servers.serve_sites(settings) as sites:
        yield sites
    assert not sites.exceptions, f"A view raised {sites.exceptions!r}"
