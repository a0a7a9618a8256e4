"""Relying parties of other libraries, and a person at a browser, against the running sites."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provider_site.services import profiles
from tests import factories
from tests.flows.web_person import Person
from tests.interop.relying_party import LIBRARIES, RelyingParty


@pytest.fixture
def person(live_sites: Any) -> Iterator[Person]:
    """Yield a person with a nickname and a confirmed address, at a browser."""
    user = factories.make_user("ada")
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    profiles.set_nickname(user=user, nickname="阿达")
    person = Person("ada", factories.PASSWORD)
    yield person
    person.leave()


@pytest.fixture(params=sorted(LIBRARIES))
def library(request: pytest.FixtureRequest) -> str:
    """Return the name of a library."""
    return str(request.param)


@pytest.fixture
def start(live_sites: Any, person: Person, library: str) -> Iterator[Callable[..., RelyingParty]]:
    """Return a function that starts a relying party for an application and lets it discover the provider."""
    started: list[RelyingParty] = []

    def begin(registered: Any, *, library: str = library, **how: Any) -> RelyingParty:
        started.append(RelyingParty(library))
        identity = {"client_id": registered.application.client_id, "client_secret": registered.client_secret}
        started[-1].ask("discover", **({"issuer": live_sites.provider} | identity | how))
        return started[-1]

    yield begin
    for one in started:
        one.leave()
