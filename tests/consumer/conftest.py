"""Fixtures of the consumer's tests: an OpenID provider over loopback, its entry here, canned answers, a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.consumer import canned_server, openid_provider
from tests.consumer.canned_server import CannedProvider
from tests.consumer.journey import HOST, Journey
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIDProvider


@pytest.fixture
def house() -> Iterator[OpenIDProvider]:
    """Return a running OpenID provider."""
    with openid_provider.running() as provider:
        yield provider


@pytest.fixture
def house_entry(db: None, house: OpenIDProvider) -> Any:
    """Return the social application that names it, as an admin would enter it."""
    from allauth.socialaccount.models import SocialApp

    return SocialApp.objects.create(
        provider="house", name="House", client_id=CLIENT_ID, secret=CLIENT_SECRET, settings={"server_url": house.issuer}
    )


@pytest.fixture(scope="module")
def server() -> Iterator[CannedProvider]:
    """Return a running server that answers what a test tells it to."""
    with canned_server.serve() as running:
        yield running


@pytest.fixture
def visitor() -> Client:
    """Return a person's browser, on the consumer's host."""
    return Client(headers={"host": HOST})


@pytest.fixture
def journey(house: OpenIDProvider, house_entry: Any, visitor: Client) -> Journey:
    """Return a sign-in that can be stopped and bent at every step."""
    return Journey(house, visitor)
