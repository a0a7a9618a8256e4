"""Defect 7: an ID token opens resources, even after everything of its sign-in was revoked."""

from typing import Any

from tests.defects.stock.driver import StockDriver
from tests.provider.driver import Driver


def test_id_token_opens_no_resource(resource: Any, driver: Driver) -> None:
    tokens = driver.tokens()
    assert resource(tokens.access).content == b"ada"
    assert resource(tokens.body["id_token"]).status_code == 403
    assert driver.userinfo(tokens.body["id_token"]).status_code == 401


def test_id_token_opens_no_resource_after_revocation(resource: Any, driver: Driver) -> None:
    tokens = driver.tokens()
    assert driver.revoke(tokens.access).status_code == 200
    assert resource(tokens.access).status_code == 403
    assert resource(tokens.body["id_token"]).status_code == 403


def test_id_token_opens_resources_of_stock_dot(stock: StockDriver) -> None:
    assert stock.resource(stock.tokens().body["id_token"]).content == b"ada"


def test_id_token_opens_resources_of_stock_dot_after_revocation(stock: StockDriver) -> None:
    tokens = stock.tokens()
    assert stock.revoke(tokens.refresh).status_code == 200
    assert stock.resource(tokens.access).status_code == 403
    assert stock.resource(tokens.body["id_token"]).content == b"ada"
