"""Defect 8: whoever is a client learns about every token, by GET too; and learns too little of what it may know."""

from typing import Any

import pytest

from provider_site.models import ResourceServer
from tests import factories
from tests.defects.stock.driver import StockDriver
from tests.provider.driver import ISSUER, Driver, encode

INTROSPECT = "/o/introspect/"
USUAL = {"active", "scope", "client_id", "exp"}


def ask(client: Driver, token: str, **form: str) -> Any:
    """Introspect a token as the client; return the answer."""
    return client.backchannel.post(
        INTROSPECT,
        data=encode({"token": token} | form),
        content_type="application/x-www-form-urlencoded",
        headers=client.basic(),
    )


def resource_server(**facts: Any) -> Driver:
    """Return an application of ours that may learn of tokens."""
    registered = factories.make_application()
    chosen = {"scope": "openid nickname", "refresh_tokens": False} | facts
    ResourceServer.objects.create(application=registered.application, **chosen)
    return Driver(registered)


# Who may ask about what.


def test_client_without_permission_learns_nothing_of_another_clients_token(driver: Driver) -> None:
    access = driver.tokens().access
    answer = ask(Driver(factories.make_application()), access)
    assert answer.status_code in {200, 403}
    assert "scope" not in answer.json()
    assert not answer.json().get("active")


def test_permission_is_for_the_scopes_it_names(driver: Driver) -> None:
    access = driver.tokens().access
    assert ask(resource_server(), access).json()["active"] is True
    assert ask(resource_server(scope="calendar.read"), access).json() == {"active": False}


def test_every_client_learns_of_every_token_at_stock_dot(stock: StockDriver) -> None:
    access = stock.tokens().access
    known = ask(StockDriver(), access).json()
    assert known["active"] is True
    assert known["username"] == "ada"


# By which method (RFC 7662 2.1: queries end up in logs).


def by_get(client: Driver, token: str) -> Any:
    return client.backchannel.get(INTROSPECT, {"token": token}, headers=client.basic())


def test_get_is_refused(driver: Driver) -> None:
    answer = by_get(driver, driver.tokens().access)
    assert answer.status_code == 405
    assert b"client_id" not in answer.content


def test_get_is_answered_by_stock_dot(stock: StockDriver) -> None:
    assert by_get(stock, stock.tokens().access).json()["active"] is True


# About what.


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "access_token"}])
def test_refresh_tokens_are_known(driver: Driver, hint: dict[str, str]) -> None:
    refresh = driver.tokens().refresh
    assert ask(driver, refresh, **hint).json()["active"] is True
    assert ask(resource_server(refresh_tokens=True), refresh, **hint).json()["active"] is True
    assert ask(resource_server(), refresh, **hint).json() == {"active": False}
    driver.refresh(refresh)
    assert ask(driver, refresh, **hint).json() == {"active": False}


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}])
def test_refresh_tokens_are_unknown_to_stock_dot(stock: StockDriver, hint: dict[str, str]) -> None:
    refresh = stock.tokens().refresh
    assert ask(stock, refresh, **hint).json() == {"active": False}
    assert stock.refresh(refresh).status == 200


# What is said of it.


def test_answer_says_whose_from_whom_since_when_and_of_what_type(driver: Driver) -> None:
    tokens = driver.tokens()
    answer = ask(resource_server(), tokens.access).json()
    assert answer.keys() >= USUAL
    claims = driver.id_token(tokens)
    assert answer["sub"] == claims["sub"]
    assert answer["iss"] == ISSUER
    assert abs(answer["iat"] - claims["iat"]) <= 5
    assert answer["token_type"] == "Bearer"


def test_answer_of_stock_dot_says_none_of_it(stock: StockDriver) -> None:
    answer = ask(stock, stock.tokens().access).json()
    assert answer.keys() >= USUAL
    assert not answer.keys() & {"sub", "iss", "iat", "token_type"}
