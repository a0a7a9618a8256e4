"""Fixtures of the modules for a relying party: the suite's server, the consumer, and a client of one module."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import certificates
from tests.conformance import listener
from tests.conformance.browser import Browser
from tests.conformance.overrides import Overrides
from tests.conformance.rp import consumer as consumers
from tests.conformance.rp.consumer import Consumer, RelyingParty
from tests.conformance.rp.suite_op import Suite, SuiteOp

_aliases = itertools.count(1)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return the certificate of both servers."""
    return certificates.for_localhost(tmp_path_factory.mktemp("suite"), consumers.HOST)


@pytest.fixture(scope="session")
def suite(certificate: tuple[ssl.SSLContext, Path]) -> Iterator[Suite]:
    """Run the suite's server."""
    running = Suite()
    with listener.listening(certificate[0], running):
        yield running


@pytest.fixture(scope="module")
def consumer(transactional_db: None, certificate: tuple[ssl.SSLContext, Path]) -> Iterator[Consumer]:
    """Serve the consumer over TLS."""
    settings = Overrides()
    try:
        with consumers.serving(settings, *certificate) as running:
            yield running
    finally:
        settings.restore()


@pytest.fixture(autouse=True)
def _no_view_raises(consumer: Consumer) -> Iterator[None]:
    yield
    raised, consumer.exceptions[:] = list(consumer.exceptions), []
    assert not raised, f"A view raised {raised!r}"


@pytest.fixture
def op(suite: Suite, certificate: tuple[ssl.SSLContext, Path]) -> Iterator[SuiteOp]:
    """Return a module's provider; no request may break a condition of the suite."""
    started = suite.begin(f"module-{next(_aliases)}", str(certificate[1]))
    yield started
    assert not started.faults, started.faults


@pytest.fixture
def browser(consumer: Consumer) -> Iterator[Browser]:
    """Return a browser without cookies."""
    opened = Browser(consumer.bundle)
    yield opened
    opened.close()


@pytest.fixture
def rp(consumer: Consumer, op: SuiteOp, browser: Browser) -> Iterator[RelyingParty]:
    """Return the consumer as a client of the module's provider."""
    entry = consumers.register(consumer, op)
    yield RelyingParty(consumer, browser, entry, op=op)
    entry.delete()


@pytest.fixture(params=["query", "form_post"])
def client(request: pytest.FixtureRequest, rp: RelyingParty) -> RelyingParty:
    """Return the same as the Basic plan has it, and as the Form Post Basic plan has it."""
    rp.op.form_post = request.param == "form_post"
    if rp.op.form_post:
        rp.configure(response_mode="form_post")
    return rp


@pytest.fixture
def refused(caplog: pytest.LogCaptureFixture) -> Callable[[RelyingParty, str], None]:
    """Return a function that tries to sign in, and checks that it ends at a page with a reference and nowhere else.

    The log has the code, nobody is signed in, and no account was made.
    """
    from django.contrib.auth import get_user_model

    def check(client: RelyingParty, code: str) -> None:
        before = get_user_model().objects.count()
        page = client.start()
        assert page.url.startswith(client.consumer.origin), page.url
        assert 400 <= page.status < 600, page.status
        assert "Reference:" in page.text, page.text
        assert f"sign-in failed: {code} " in caplog.text, caplog.text
        assert not client.is_signed_in()
        assert get_user_model().objects.count() == before

    return check
