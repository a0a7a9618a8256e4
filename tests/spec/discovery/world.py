"""What each proof works with: the published document, a person, and applications that use the addresses in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests import factories
from tests.provider.driver import ISSUER, ISSUER_HOST, Driver, encode, query

Proof = Callable[["World", Any], None]
PROOFS: dict[str, Proof] = {}


def proves(*members: str) -> Callable[[Proof], Proof]:
    """Register a proof of members of the document; it is given each one's published value."""

    def register(proof: Proof) -> Proof:
        for member in members:
            assert member not in PROOFS, member
            PROOFS[member] = proof
        return proof

    return register


@dataclass
class World:
    """The document as it is published, and a person."""

    document: dict[str, Any]
    user: Any
    settings: Any

    def path(self, member: str) -> str:
        """Return the published address without its origin, which is the issuer's."""
        address = str(self.document[member])
        assert address.startswith(f"{ISSUER}/"), address
        return address.removeprefix(ISSUER)

    def application(self, user: Any = None, **facts: Any) -> Driver:
        """Register an application, and have the person sign in at a browser of their own."""
        return Driver(factories.make_application(**facts), user or self.user)

    def nobody(self) -> Client:
        """Return a browser in which nobody is signed in."""
        return Client(headers={"host": ISSUER_HOST})

    def post(self, member: str, driver: Driver, *, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """Post a form to a published address, authenticated by the header unless `headers` says otherwise."""
        return driver.backchannel.post(
            self.path(member),
            data=encode({name: value for name, value in form.items() if value is not None}),
            content_type="application/x-www-form-urlencoded",
            headers=driver.basic() if headers is None else headers,
        )

    def service(self, **facts: Any) -> Driver:
        """Register an application that acts for itself."""
        return self.application(authorization_grant_type="client-credentials", redirect_uris=[], **facts)


def error_of(answer: Any) -> str:
    """Return the error code of an answer that a client gets itself."""
    assert answer.status_code in {400, 401}, answer.status_code
    return str(answer.json()["error"])


def refused(driver: Driver, **request: Any) -> str:
    """Return the error code that an authorization request gets."""
    return query(driver.authorize(**request))["error"]


def is_asked(answer: Any) -> bool:
    """Say whether an authorization request led to the page of consent."""
    return bool(answer.status_code == 302 and answer["Location"].startswith("/o/consent/"))


def with_basic(driver: Driver) -> dict[str, Any]:
    """Return a request's part that proves the client by the header."""
    return {"headers": driver.basic()}


def with_post(driver: Driver) -> dict[str, Any]:
    """Return a request's part that proves the client by its form."""
    return {"headers": {}, "client_id": driver.application.client_id, "client_secret": driver.secret}


def with_none(driver: Driver) -> dict[str, Any]:
    """Return a request's part that names the client and proves nothing."""
    return {"headers": {}, "client_id": driver.application.client_id}


def with_assertion(driver: Driver) -> dict[str, Any]:
    """Return a request's part that proves the client by a JWT, as no application here can."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return with_none(driver) | {"client_assertion_type": kind, "client_assertion": "e30.e30.e30"}


METHODS = {
    "client_secret_basic": with_basic,
    "client_secret_post": with_post,
    "none": with_none,
    "client_secret_jwt": with_assertion,
    "private_key_jwt": with_assertion,
    "tls_client_auth": with_none,
}
