"""Fixtures of both sides: this provider, and stock DOT in its place."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import RequestFactory

from tests.defects.resource import ResourceView
from tests.defects.stock.driver import StockDriver
from tests.defects.stock.wiring import stock_dot
from tests.provider.device import Device, make_device_application
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key


@pytest.fixture
def signing_key(db: None) -> None:
    """Give this installation its key."""
    plant_signing_key()


@pytest.fixture
def driver(signing_key: None, registered: Any, user: Any) -> Driver:
    """Return an approved application of ours and a signed-in person's browser."""
    return Driver(registered, user)


@pytest.fixture
def device(signing_key: None, user: Any) -> Device:
    """Return a device of an approved application of ours, and the browser of the person before it."""
    return Device(make_device_application(), user)


@pytest.fixture
def resource(db: None) -> Callable[..., Any]:
    """Return a function that asks a resource of this project's with a bearer token, or a query."""

    def ask(token: str, query: dict[str, str] | None = None) -> Any:
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        request = RequestFactory().get("/resource/", query, headers={"host": ISSUER_HOST, **bearer})
        return ResourceView.as_view()(request)

    return ask


@pytest.fixture
def stock_site(db: None) -> Iterator[None]:
    """Serve stock DOT instead of ours."""
    with stock_dot():
        yield


@pytest.fixture
def stock(stock_site: None, user: Any) -> StockDriver:
    """Return an application at stock DOT and a signed-in person's browser."""
    return StockDriver(user)
