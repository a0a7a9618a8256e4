"""Fixtures of the conformance modules: one provider for a file, a relying party and a person for each test."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.conformance import listener, op, registration
from tests.conformance.browser import Browser
from tests.conformance.client import Person, RelyingParty
from tests.conformance.listener import Listener
from tests.conformance.op import Op
from tests.conformance.overrides import Overrides
from tests.provider.driver import plant_signing_key


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Open the database for a whole file, and empty it behind the last test.

    By its name pytest-django knows that these tests need a database, and runs them after those that roll back.
    """
    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def provider(transactional_db: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Op]:
    """Serve the provider over TLS."""
    plant_signing_key()
    settings = Overrides()
    try:
        with op.serving(settings, tmp_path_factory.mktemp("provider")) as running:
            yield running
    finally:
        settings.restore()


@pytest.fixture(scope="module")
def addresses(provider: Op) -> Iterator[Listener]:
    """Return the relying party's server."""
    with listener.listening(provider.tls) as listening:
        yield listening


@pytest.fixture(autouse=True)
def _no_view_raises(provider: Op) -> Iterator[None]:
    yield
    raised, provider.exceptions[:] = list(provider.exceptions), []
    assert not raised, f"A view raised {raised!r}"


@pytest.fixture
def rp(provider: Op, addresses: Listener) -> RelyingParty:
    """Return the suite's client."""
    return registration.register(provider, addresses)


@pytest.fixture(params=["query", "form_post"])
def client(request: pytest.FixtureRequest, rp: RelyingParty) -> RelyingParty:
    """Return the suite's client as the Basic plan has it, and as the Form Post Basic plan has it."""
    rp.form_post = request.param == "form_post"
    return rp


@pytest.fixture
def ada(provider: Op) -> Person:
    """Return a person who is known by every standard claim."""
    return registration.person()


@pytest.fixture
def browser(provider: Op) -> Iterator[Browser]:
    """Return a browser without cookies."""
    opened = Browser(provider.bundle)
    yield opened
    opened.close()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets the provider's clock forward by so many seconds."""
    real, real_seconds, ahead = timezone.now, time.time, [0]

    def pass_by(seconds: int) -> None:
        ahead[0] += seconds

    monkeypatch.setattr(timezone, "now", lambda: real() + dt.timedelta(seconds=ahead[0]))
    monkeypatch.setattr(time, "time", lambda: real_seconds() + ahead[0])
    return pass_by
