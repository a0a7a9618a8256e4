"""Defect 20: what the hot path, the list of tokens and pruning cost, and refresh tokens that never end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jwcrypto.jws import JWS
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.portal.connected import listing
from provider_site.services import pruning
from tests import factories
from tests.defects.stock.driver import StockDriver
from tests.defects.stock.wiring import stock_dot
from tests.provider.admin import crowd
from tests.provider.driver import Driver

AccessToken, RefreshToken = get_access_token_model(), get_refresh_token_model()


class Statements(list[str]):
    """What was asked of the database, transaction marks included: each is a round trip."""

    @property
    def said(self) -> int:
        """Return how many say more than where a transaction begins and ends."""
        return sum(not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for sql in self)

    def reading(self, table: str) -> list[str]:
        return [sql for sql in self if sql.startswith("SELECT") and f'FROM "{table}"' in sql]


@contextmanager
def watched() -> Iterator[Statements]:
    seen = Statements()
    with CaptureQueriesContext(connection) as context:
        yield seen
    seen += [query["sql"] for query in context.captured_queries]


def exchange(client: Driver) -> tuple[Statements, Statements]:
    """Return the statements of a code exchange and of the refresh after it."""
    client.tokens()  # what is made at the first use of all is there
    code = client.code()
    with watched() as exchanging:
        tokens = client.redeem(code)
    with watched() as refreshing:
        assert client.refresh(tokens.refresh).status == 200
    return exchanging, refreshing


def test_exchange_and_refresh_take_fewer_statements_than_at_stock_dot(driver: Driver, other_user: Any) -> None:
    ours = exchange(driver)
    with stock_dot():
        theirs = exchange(StockDriver(other_user))
    for mine, other in zip(ours, theirs, strict=True):
        assert len(mine) < len(other)
        assert mine.said < other.said


# A code exchange reads the grant again and again.

GRANT = "oauth2_provider_grant"


def test_exchange_reads_its_grant_once(driver: Driver) -> None:
    selects = [sql for sql in exchange(driver)[0] if sql.startswith("SELECT")]
    assert sum(f'"{GRANT}"' in sql for sql in selects) == 1  # joined to what else decides


def test_exchange_at_stock_dot_reads_its_grant_seven_times(stock: StockDriver) -> None:
    assert len(exchange(stock)[0].reading(GRANT)) == 7


# The JWT just signed is verified, and its row read back.


def test_token_just_signed_is_not_verified(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.tokens()
    code = driver.code()

    def verify(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("something was verified")

    with monkeypatch.context() as patch:
        patch.setattr(jwt.PyJWT, "decode_complete", verify)
        patch.setattr(jwt.PyJWS, "decode_complete", verify)
        patch.setattr(JWS, "verify", verify)
        tokens = driver.redeem(code)
    assert tokens.status == 200
    assert driver.id_token(tokens)["sub"]


def test_token_just_signed_is_verified_by_stock_dot(stock: StockDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []
    verify = JWS.verify

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        verified.append(self)
        return verify(self, *args, **kwargs)

    monkeypatch.setattr(JWS, "verify", counted)
    exchanging, _refreshing = exchange(stock)
    assert len(verified) == 3  # two exchanges and a refresh
    assert len(exchanging.reading("oauth2_provider_idtoken")) == 1


# The token just stored is read back for a signal.


def test_token_just_stored_is_not_read_back(driver: Driver) -> None:
    exchanging, refreshing = exchange(driver)
    table = AccessToken._meta.db_table
    assert exchanging.reading(table) == []
    assert not any("token_checksum" in sql.partition(" WHERE ")[2] for sql in refreshing.reading(table))


def test_token_just_stored_is_read_back_by_stock_dot(stock: StockDriver) -> None:
    for statements in exchange(stock):
        assert statements[-1] in statements.reading(AccessToken._meta.db_table)
        assert "token_checksum" in statements[-1].partition(" WHERE ")[2]


# The page that lists what a person has allowed.

MANY = 60


def test_list_of_what_is_allowed_comes_in_pages(driver: Driver, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By application, whatever the number of its tokens."""
    monkeypatch.setattr(listing, "_PER_PAGE", 1)
    card = 'class="card app-card"'
    for client in (driver, Driver(factories.make_application(), user)):
        client.tokens()
    crowd.access_tokens(count=MANY, user=str(user.pk), application=str(driver.application.pk))
    pages = [driver.browser.get("/o/apps/").content.decode()]
    following = re.search(r'rel="next" href="([^"]+)"', pages[0])
    assert following
    pages.append(driver.browser.get(f"/o/apps/{following[1]}").content.decode())
    assert [page.count(card) for page in pages] == [1, 1]
    assert pages[0] != pages[1]


def test_list_of_tokens_at_stock_dot_has_all_of_them(stock: StockDriver, user: Any) -> None:
    crowd.access_tokens(count=MANY, user=str(user.pk), application=str(stock.application.pk))
    listed = stock.browser.get("/o/authorized_tokens/").content.decode()
    assert listed.count("/delete/") == MANY


# Pruning goes through the whole table for each batch.


def expire(person: Any, application: Any) -> None:
    """Store ten access tokens that are long over."""
    crowd.access_tokens(count=10, user=str(person.pk), application=str(application.pk))
    AccessToken.objects.update(expires=timezone.now() - timedelta(days=400))


def test_pruning_goes_through_the_tokens_once(driver: Driver, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    expire(user, driver.application)
    with watched() as statements:
        call_command("prune_provider")
    assert not AccessToken.objects.exists()
    assert not any("COUNT(" in sql for sql in statements)
    table = AccessToken._meta.db_table
    searches = [sql for sql in statements.reading(table) if sql.endswith("LIMIT 1 OFFSET 1")]
    deletions = [sql for sql in statements if sql.startswith(f'DELETE FROM "{table}"')]
    assert len(searches) == len(deletions) == 6  # five batches, and the end
    # Each begins where the last one ended.
    assert all('"id" > ' in sql for sql in searches[1:] + deletions[1:])
    assert all('"id" <= ' in sql for sql in deletions[:-1])


def test_pruning_by_stock_dot_counts_all_that_is_left_for_each_batch(db: None, user: Any) -> None:
    with stock_dot(CLEAR_EXPIRED_TOKENS_BATCH_SIZE=2):
        expire(user, StockDriver().application)
        with watched() as statements:
            call_command("cleartokens")
    assert not AccessToken.objects.exists()
    counts = [sql for sql in statements.reading(AccessToken._meta.db_table) if sql.startswith("SELECT COUNT(*)")]
    whole = [sql for sql in counts if "LIMIT" not in sql]
    assert len(whole) == 7  # before, after each of five batches, and in the end
    assert not any('"id" > ' in sql for sql in counts)


# Refresh tokens that nobody has used for years.


def age(token_of: models.Model, days: int) -> None:
    """Let everything of a person be as old as it would be."""
    then = timezone.now() - timedelta(days=days)
    RefreshToken.objects.filter(user=token_of).update(created=then, updated=then)
    AccessToken.objects.filter(user=token_of).update(created=then, updated=then, expires=then + timedelta(minutes=10))


def test_refresh_token_ends_when_nobody_uses_it(driver: Driver, user: Any) -> None:
    refresh = driver.tokens().refresh
    age(user, days=31)
    assert driver.refresh(refresh).error == "invalid_grant"


def test_refresh_token_of_stock_dot_never_ends(stock: StockDriver, user: Any) -> None:
    refresh = stock.tokens().refresh
    age(user, days=3650)
    assert stock.refresh(refresh).status == 200
    with stock_dot():
        call_command("cleartokens")
    assert RefreshToken.objects.filter(user=user, revoked=None).exists()
