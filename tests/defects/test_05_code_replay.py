"""Defect 5: a replayed code leaves its tokens alive, and it is deleted in a later transaction than they are stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models.signals import pre_delete
from oauth2_provider.models import get_access_token_model, get_grant_model

from tests.defects.stock.driver import StockDriver, failure
from tests.provider.driver import Driver, Tokens, encode


def replay(client: Driver) -> Tokens:
    """Exchange a code twice; return what the first exchange bought."""
    code = client.code()
    first = client.redeem(code)
    assert client.works(first.access)
    assert client.redeem(code).error == "invalid_grant"
    return first


def test_replayed_code_kills_what_it_bought(driver: Driver) -> None:
    first = replay(driver)
    assert not driver.works(first.access)
    assert driver.refresh(first.refresh).error == "invalid_grant"


def test_replayed_code_at_stock_dot_leaves_its_tokens_alive(stock: StockDriver) -> None:
    first = replay(stock)
    assert stock.works(first.access)
    assert stock.refresh(first.refresh).status == 200


@contextmanager
def lost_database() -> Iterator[None]:
    """Lose the database where an exchanged code is about to be deleted."""

    def lose(**kwargs: Any) -> None:
        raise DatabaseError("the connection is lost")

    pre_delete.connect(lose, sender=get_grant_model())
    try:
        yield
    finally:
        pre_delete.disconnect(lose, sender=get_grant_model())


def exchange_in_vain(client: Driver, code: str) -> None:
    """Exchange a code while the database is lost half-way."""
    client.backchannel.raise_request_exception = False
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": client.pkce.verifier,
    }
    kind = "application/x-www-form-urlencoded"
    with lost_database():
        answer = client.backchannel.post("/o/token/", encode(form), content_type=kind, headers=client.basic())
    assert failure(answer) is DatabaseError


def tokens_of(person: Any) -> int:
    return int(get_access_token_model().objects.filter(user=person).count())


@pytest.mark.django_db(transaction=True)
def test_code_and_its_tokens_are_one_transaction(driver: Driver, user: Any) -> None:
    code = driver.code()
    exchange_in_vain(driver, code)
    assert tokens_of(user) == 0
    assert driver.redeem(code).status == 200
    assert tokens_of(user) == 1


@pytest.mark.django_db(transaction=True)
def test_code_at_stock_dot_outlives_the_transaction_of_its_tokens(stock: StockDriver, user: Any) -> None:
    code = stock.code()
    exchange_in_vain(stock, code)
    assert tokens_of(user) == 1  # stored, told to nobody
    assert stock.redeem(code).status == 200
    assert tokens_of(user) == 2
