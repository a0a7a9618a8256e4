"""How often the endpoints that every client calls all the time ask the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from provider_site.models import Registration
from tests.provider.driver import Driver

SCOPE = "openid nickname avatar offline_access"


def statements(seen: CaptureQueriesContext) -> int:
    """Return how many statements say something: the marks of a transaction do not."""
    marks = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(marks) for query in seen.captured_queries)


def test_token_endpoint_asks_the_database_no_more_than_it_has_to(driver: Driver) -> None:
    driver.tokens()  # what is made at the first use of all is there
    code = driver.code(scope=SCOPE, scopes=["nickname", "avatar", "offline_access"])
    with CaptureQueriesContext(connection) as exchange:
        tokens = driver.redeem(code)
    with CaptureQueriesContext(connection) as refresh:
        assert driver.refresh(tokens.refresh).status == 200
    assert statements(exchange) <= 12
    assert statements(refresh) <= 15


def test_jwt_costs_two_statements_more_than_an_opaque_token(driver: Driver) -> None:
    driver.tokens()
    opaque, signed = driver.code(), driver.code()
    with CaptureQueriesContext(connection) as one:
        driver.redeem(opaque)
    Registration.objects.filter(application=driver.application).update(access_token_format="jwt")
    with CaptureQueriesContext(connection) as other:
        tokens = driver.redeem(signed)
    assert tokens.access.count(".") == 2
    assert statements(other) == statements(one) + 2, "the person's subject and the key that signs"
