"""Defect 16: with a grace for retries and hashed storage together, the second refresh is a server error."""

from typing import Any

from oauth2_provider.models import get_access_token_model

from tests.defects.stock.driver import StockDriver, failure
from tests.defects.stock.wiring import stock_dot
from tests.provider.driver import Driver


def test_second_refresh_within_the_grace_gets_tokens_that_work(settings: Any, driver: Driver) -> None:
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "REFRESH_TOKEN_GRACE_SECONDS": 60}
    refresh = driver.tokens().refresh
    first, second = driver.refresh(refresh), driver.refresh(refresh)
    assert (first.status, second.status) == (200, 200)
    assert driver.works(first.access)
    assert driver.works(second.access)
    assert driver.refresh(second.refresh).status == 200


def test_second_refresh_within_the_grace_breaks_stock_dot(db: None, user: Any) -> None:
    with stock_dot(REFRESH_TOKEN_GRACE_PERIOD_SECONDS=60, COMPLIANT_BCP_RFC9700_TOKEN_STORAGE=True):
        stock = StockDriver(user)
        refresh = stock.tokens().refresh
        assert stock.refresh(refresh).status == 200
        again = stock.post("/o/token/", grant_type="refresh_token", refresh_token=refresh)
        assert failure(again) is get_access_token_model().DoesNotExist
