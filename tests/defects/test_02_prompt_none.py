"""Defect 2: ``prompt=none`` with ``openid`` ends in a server error."""

from tests.defects.stock.driver import StockDriver, failure
from tests.provider.driver import Driver, query


def test_prompt_none_is_answered_with_a_code_or_the_error_that_fits(driver: Driver) -> None:
    unasked = query(driver.authorize(prompt="none"))
    assert (unasked["error"], unasked["state"]) == ("consent_required", "state-1")
    driver.tokens()
    assert driver.redeem(query(driver.authorize(prompt="none"))["code"]).status == 200
    driver.sign_out()
    assert query(driver.authorize(prompt="none"))["error"] == "login_required"


def test_prompt_none_at_stock_dot_is_a_server_error(stock: StockDriver) -> None:
    assert failure(stock.authorize(prompt="none")) is NotImplementedError
    stock.tokens()
    assert failure(stock.authorize(prompt="none")) is NotImplementedError
