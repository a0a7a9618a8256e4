"""Defect 6: tokens of a deactivated person keep working."""

from typing import Any

from tests.defects.stock.driver import StockDriver
from tests.provider.driver import Driver, Tokens


def deactivate(client: Driver, person: Any) -> Tokens:
    """Get tokens, then deactivate the person by a bulk update, which sends no signal; return the tokens."""
    tokens = client.tokens()
    assert client.works(tokens.access)
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    return tokens


def test_access_token_of_a_deactivated_person_is_refused(driver: Driver, user: Any) -> None:
    assert driver.userinfo(deactivate(driver, user).access).status_code == 401


def test_refresh_token_of_a_deactivated_person_is_refused(driver: Driver, user: Any) -> None:
    assert driver.refresh(deactivate(driver, user).refresh).error == "invalid_grant"


def test_resource_view_refuses_the_token_of_a_deactivated_person(resource: Any, driver: Driver, user: Any) -> None:
    access = driver.tokens().access
    assert resource(access).content == b"ada"
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert resource(access).status_code == 403


def test_access_token_of_a_deactivated_person_works_at_stock_dot(stock: StockDriver, user: Any) -> None:
    tokens = deactivate(stock, user)
    assert stock.userinfo(tokens.access).json() == {"sub": str(user.pk)}
    assert stock.resource(tokens.access).content == b"ada"


def test_refresh_token_of_a_deactivated_person_works_at_stock_dot(stock: StockDriver, user: Any) -> None:
    renewed = stock.refresh(deactivate(stock, user).refresh)
    assert renewed.status == 200
    assert stock.works(renewed.access)
