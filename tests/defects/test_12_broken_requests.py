"""Defect 12: requests a client may get wrong are server errors, and a refused client is answered by another scheme."""

from typing import Any

import pytest
from django.utils.datastructures import MultiValueDictKeyError
from oauth2_provider.models import get_application_model

from tests.defects.stock.driver import StockDriver, failure
from tests.provider.device import Device
from tests.provider.driver import Driver

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


# A client_id nobody has, in an authorization request by POST.


def test_unknown_client_in_a_posted_request_is_an_error_page(driver: Driver) -> None:
    answer = driver.authorize(method="post", client_id="bogus")
    assert answer.status_code == 400
    assert "Location" not in answer


def test_unknown_client_in_a_posted_request_breaks_stock_dot(stock: StockDriver) -> None:
    answer = stock.allow(stock.request_parameters(), client_id="bogus")
    assert failure(answer) is get_application_model().DoesNotExist


# A device grant without its device code.


def test_device_grant_without_a_code_is_an_invalid_request(device: Device) -> None:
    answer = device.token(grant_type=DEVICE_CODE)
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_device_grant_without_a_code_or_a_client_is_an_error_of_the_client(device: Device, driver: Driver) -> None:
    assert device.token(grant_type=DEVICE_CODE, headers={}).error in {"invalid_request", "invalid_client"}
    assert driver.token(grant_type=DEVICE_CODE).error in {"invalid_request", "unauthorized_client"}


def test_device_grant_without_a_code_breaks_stock_dot(stock: StockDriver) -> None:
    assert failure(stock.post("/o/token/", grant_type=DEVICE_CODE)) is MultiValueDictKeyError


# The name of an authentication scheme is case-insensitive (RFC 9110 11.1).


def spelled(client: Driver, scheme: str) -> dict[str, str]:
    return {"Authorization": client.basic()["Authorization"].replace("Basic", scheme)}


@pytest.mark.parametrize("scheme", ["basic", "BASIC"])
def test_basic_is_taken_in_any_case(driver: Driver, scheme: str) -> None:
    assert driver.refresh(driver.tokens().refresh, headers=spelled(driver, scheme)).status == 200


@pytest.mark.parametrize("scheme", ["basic", "BASIC"])
def test_basic_in_another_case_is_refused_by_stock_dot(stock: StockDriver, scheme: str) -> None:
    refresh = stock.tokens().refresh
    assert stock.refresh(refresh, headers=spelled(stock, scheme)).error == "invalid_client"
    assert stock.refresh(refresh).status == 200


# A 401 answers the scheme that the client used (RFC 6749 5.2).


def refused(client: Driver) -> Any:
    """Return what a client is told whose secret is wrong."""
    answer = client.token(headers=client.basic(secret="wrong"), grant_type="refresh_token", refresh_token="x")
    assert (answer.status, answer.error) == (401, "invalid_client")
    return answer.headers["WWW-Authenticate"]


def test_refused_client_is_told_the_scheme_it_used(driver: Driver) -> None:
    assert refused(driver).startswith("Basic ")


def test_refused_client_is_told_another_scheme_by_stock_dot(stock: StockDriver) -> None:
    assert refused(stock).startswith("Bearer ")
