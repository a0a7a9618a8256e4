"""What attacks begin with: a good client, another one, browsers that check forms as real ones do, weakened builds."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key
from tests.security.weakened import again

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "weakened: runs an attack against a build without what stops it")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    again.generate(metafunc)


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    again.keep_named_cases(items, config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from again.call(item))


@pytest.fixture(autouse=True)
def weakened(request: Any, settings: Any) -> Iterator[None]:
    """Run the test against a build without the defence that it is about, where the registry names the test."""
    yield from again.weaken(request, settings)


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    """Return an approved application and a signed-in person's browser."""
    plant_signing_key()
    return Driver(registered, user)


@pytest.fixture
def attacker(driver: Driver, other_user: Any) -> Driver:
    """Return another approved application and its owner's browser."""
    return Driver(factories.make_application(other_user), other_user)


@pytest.fixture
def public(driver: Driver, user: Any) -> Driver:
    """Return a public client and the same person's browser."""
    return Driver(factories.make_application(client_type="public"), user)


@pytest.fixture
def stranger() -> Client:
    """Return a browser at the provider in which nobody has signed in."""
    return Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
