"""What the tests of the signature specifications share: the algorithms, and an application's choice among them."""

from typing import Any

from provider_site.models import Registration
from tests.provider.driver import Driver

ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"]


def choose(driver: Driver, alg: str) -> None:
    """Have the application's ID tokens signed by `alg`."""
    Registration.objects.filter(application=driver.application).update(id_token_alg=alg)


def published(driver: Driver) -> dict[str, Any]:
    """Return the published JWK set, as a client reads it."""
    answer = driver.backchannel.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    keys: dict[str, Any] = answer.json()
    return keys
