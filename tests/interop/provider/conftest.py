"""One process for oidc-provider, the consumer over TLS, and people who sign in."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.browser import Browser
from tests.conformance.conftest import transactional_db  # noqa: F401 - a fixture
from tests.conformance.rp.conftest import certificate, consumer  # noqa: F401 - fixtures
from tests.conformance.rp.consumer import Consumer
from tests.interop.provider import oidc_provider
from tests.interop.provider.oidc_provider import OidcProvider, Person

_names = itertools.count(1)


@pytest.fixture(scope="module")
def process(certificate: tuple[ssl.SSLContext, Path]) -> Iterator[OidcProvider]:  # noqa: F811 - the fixture
    """Run oidc-provider."""
    running = OidcProvider(certificate[1])
    yield running
    running.script.leave()


@pytest.fixture
def arrive(consumer: Consumer, process: OidcProvider) -> Iterator[Callable[..., Person]]:  # noqa: F811 - the fixture
    """Return a function that brings a person with a browser, a provider, and the consumer's entry for it.

    `settings` are the entry's; everything else is of the client's registration.
    """
    came: list[Person] = []

    def person(provider_id: str = "", settings: dict[str, Any] | None = None, **registration: Any) -> Person:
        registered = oidc_provider.client(consumer, provider_id, **registration)
        issuer = process.start(registered)
        entry = oidc_provider.enter(consumer, issuer, registered, provider_id, **(settings or {}))
        browser = Browser(consumer.bundle)
        came.append(Person(consumer, browser, entry, provider_id, issuer=issuer, name=f"person{next(_names)}"))
        return came[-1]

    process.events()
    yield person
    for one in came:
        one.browser.close()
        one.entry.delete()
    raised, consumer.exceptions[:] = list(consumer.exceptions), []
    assert not raised, f"A view raised {raised!r}"
