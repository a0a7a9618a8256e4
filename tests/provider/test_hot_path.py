"""How often the endpoints that every client calls all the time ask the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.provider.driver import Driver

SCOPE = "openid nickname avatar offline_access"


def statements(seen: CaptureQueriesContext) -> int:
    """Return how many statements say something: the marks of a transaction do not."""
    marks = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(marks) for query in seen.captured_queries)


def test_userinfo_and_token_endpoint_ask_the_database_no_more_than_they_have_to(driver: Driver) -> None:
    driver.tokens()  # what is made at the first use of all is there
    code = driver.code(scope=SCOPE, scopes=["nickname", "avatar", "offline_access"])
    with CaptureQueriesContext(connection) as exchange:
        tokens = driver.redeem(code)
    with CaptureQueriesContext(connection) as userinfo:
        assert driver.userinfo(tokens.access).status_code == 200
    with CaptureQueriesContext(connection) as refresh:
        assert driver.refresh(tokens.refresh).status == 200
    assert statements(userinfo) <= 5
    assert statements(exchange) <= 16
    assert statements(refresh) <= 17
