"""Shared fixtures: no outside connections, fast passwords, people, applications, live sites, a browser."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import chromium, emptying, engines, factories, outside, servers, wheels
from tests.secret_watch.plugin import SecretWatch

TIMEOUT_MS = 15_000


def pytest_configure(config: pytest.Config) -> None:
    """Grep all output for every secret issued."""
    config.addinivalue_line("markers", "shows_secrets: is about an output in which a secret belongs")
    config.pluginmanager.register(SecretWatch(config), "secret-watch")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take files that drive a browser or are slow first, so that no long one is left to a single worker at the end."""
    long = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True, scope="session")
def _no_outside_connections() -> Iterator[None]:
    with outside.only_loopback():
        yield


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    slow = [name for name in settings.PASSWORD_HASHERS if "MD5" not in name]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *slow]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    from django.core.cache import cache

    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    """Leave no count of use in memory: the next test would write it."""
    from provider_site.services import limits, usage

    yield
    usage.forget()
    limits.forget()


@pytest.fixture(autouse=True)
def _no_keys_known() -> Iterator[None]:
    """Leave no published keys in memory: those of the next test are others."""
    from provider_site.services import key_set

    yield
    key_set.forget()


@pytest.fixture(scope="session")
def _media_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """Begin in the default language: a request of an earlier test leaves its own active in this thread."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _own_media(settings: Any, _media_directory: Path) -> None:
    settings.MEDIA_ROOT = _media_directory / uuid.uuid4().hex


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Give SQLite a file: threads of a live server share no connection, so their transactions are real."""
    from django.db import connections

    settings = connections["default"].settings_dict
    directory = Path(tempfile.mkdtemp(prefix="database-"))
    if settings["ENGINE"].endswith("sqlite3"):
        settings["TEST"]["NAME"] = str(directory / "test.sqlite3")
    yield
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Empty the database behind tests that commit in a tenth of the time Django takes."""
    with emptying.hastily():
        yield


@pytest.fixture
def user(db: None) -> Any:
    """Return a person with an account, whose password is factories.PASSWORD."""
    return factories.make_user("ada")


@pytest.fixture
def other_user(db: None) -> Any:
    """Return a second person."""
    return factories.make_user("grace")


@pytest.fixture
def staff(db: None) -> Any:
    """Return a superuser."""
    return factories.make_staff("root")


@pytest.fixture
def registered(db: None) -> Any:
    """Return an approved application with its client secret (`.application`, `.client_secret`)."""
    return factories.make_application()


@pytest.fixture
def application(registered: Any) -> Any:
    """Return the approved application alone."""
    return registered.application


@pytest.fixture
def live_sites(transactional_db: None, settings: Any) -> Iterator[servers.LiveSites]:
    """Serve both sites over real HTTP; fail if an exception escaped a view meanwhile."""
    with servers.serve_sites(settings) as sites:
        yield sites
    assert not sites.exceptions, f"A view raised {sites.exceptions!r}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a running Chromium (Playwright); skipped by name where it is not installed."""
    with chromium.launched() as running:
        yield running


@pytest.fixture
def new_visit(browser: Any) -> Iterator[Callable[..., chromium.Visit]]:
    """Return a function that opens a browser of one's own; its options are those of Playwright's contexts."""
    visits: list[chromium.Visit] = []

    def open_visit(**options: Any) -> chromium.Visit:
        context = browser.new_context(**({"locale": "en-US"} | options))
        context.set_default_timeout(TIMEOUT_MS)
        visits.append(chromium.Visit(context))
        return visits[-1]

    yield open_visit
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    for visit in visits:
        visit.context.close()
    assert not complaints, complaints


@pytest.fixture
def page(new_visit: Callable[..., chromium.Visit]) -> Any:
    """Return a page of a fresh English browser."""
    return new_visit().page


@pytest.fixture
def chinese_page(new_visit: Callable[..., chromium.Visit]) -> Any:
    """Return a page of a fresh browser that asks for Simplified Chinese."""
    return new_visit(locale="zh-CN").page


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this checkout."""
    return wheels.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Return the DATABASE_URL of a throw-away PostgreSQL; skipped by name where it is not installed."""
    with engines.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the CACHE_URL of a throw-away Redis; skipped by name where it is not installed."""
    with engines.redis() as url:
        yield url
