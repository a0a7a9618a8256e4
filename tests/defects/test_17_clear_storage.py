"""Defect 17: tokens, codes, device codes and nonces are stored in clear; the gates of RFC 9700 stand open."""

from typing import Any

import pytest
from oauth2_provider.models import DeviceCodeResponse, DeviceRequest, create_device_grant

from tests import factories
from tests.defects.stock.driver import StockDriver
from tests.defects.tables import holding
from tests.provider.device import Device
from tests.provider.driver import Driver, query

# Long, and found in nothing else.
NONCE = "n-0S6_WzA2Mj-of-this-very-request"


def test_what_we_look_with_finds_what_is_stored(driver: Driver) -> None:
    assert "oauth2_provider_application.client_id" in holding(driver.application.client_id)


def test_tokens_are_stored_nowhere(driver: Driver) -> None:
    tokens = driver.tokens()
    renewed = driver.refresh(tokens.refresh)
    for text in (tokens.access, tokens.refresh, tokens.body["id_token"], renewed.access, renewed.refresh):
        assert holding(text) == set()


def test_codes_are_stored_nowhere(driver: Driver) -> None:
    code = driver.code()
    assert holding(code) == set()
    assert driver.redeem(code).status == 200
    assert holding(code) == set()


def test_nonces_are_stored_nowhere(driver: Driver) -> None:
    page = driver.authorize(nonce=NONCE)
    assert holding(NONCE) == set()  # while the person decides
    code = query(driver.consent(page, scopes=["nickname", "offline_access"]))["code"]
    assert holding(NONCE) == set()  # while the code waits
    tokens = driver.redeem(code)
    assert driver.id_token(tokens)["nonce"] == NONCE
    assert holding(NONCE) == set()


def test_client_secrets_are_stored_nowhere(driver: Driver) -> None:
    assert holding(driver.secret) == set()


def test_device_codes_are_stored_nowhere(device: Device) -> None:
    started = device.begin()
    device.enter()
    for text in (started["device_code"], started["user_code"], started["user_code"].replace("-", "")):
        assert holding(text) == set()


def test_tokens_codes_and_nonces_are_stored_in_clear_by_stock_dot(stock: StockDriver) -> None:
    code = stock.code(nonce=NONCE)
    assert holding(code) == {"oauth2_provider_grant.code"}
    assert holding(NONCE) == {"oauth2_provider_grant.nonce"}
    tokens = stock.redeem(code)
    assert holding(tokens.access) == {"oauth2_provider_accesstoken.token"}
    assert holding(tokens.refresh) == {"oauth2_provider_refreshtoken.token"}


def test_device_codes_are_stored_in_clear_by_stock_dot(stock: StockDriver) -> None:
    answer = DeviceCodeResponse("https://x", 600, "ABCD-EFGH", "a-device-code-in-clear", 5)
    create_device_grant(DeviceRequest(stock.application.client_id, "openid"), answer)
    assert holding(answer.device_code) == {"oauth2_provider_devicegrant.device_code"}
    assert holding(answer.user_code) == {"oauth2_provider_devicegrant.user_code"}


# The gates, each by what passes it. Ours are closed by provider_site.dot_settings, which a host's settings take whole.


def test_implicit_grant_is_refused(driver: Driver) -> None:
    rows = type(driver.application).objects.filter(pk=driver.application.pk)
    rows.update(authorization_grant_type="implicit")
    assert query(driver.authorize(response_type="token"))["error"] == "unsupported_response_type"


def test_implicit_grant_passes_stock_dot(stock_site: None, user: Any) -> None:
    stock = StockDriver(user, authorization_grant_type="implicit", client_type="public")
    answer = stock.allow(stock.request_parameters(response_type="token", scope="nickname"))
    assert "#access_token=" in answer["Location"]


def test_password_grant_is_refused(driver: Driver, user: Any) -> None:
    form = {"grant_type": "password", "username": "ada", "password": factories.PASSWORD}
    assert driver.token(**form).error == "unsupported_grant_type"


def test_password_grant_passes_stock_dot(stock_site: None, user: Any) -> None:
    stock = StockDriver(authorization_grant_type="password")
    answer = stock.token(grant_type="password", username="ada", password=factories.PASSWORD, scope="read")
    assert answer.status == 200
    assert stock.resource(answer.access).content == b"ada"


def test_plain_challenge_is_refused(driver: Driver) -> None:
    verifier = driver.pkce.verifier
    refused = query(driver.authorize(code_challenge=verifier, code_challenge_method="plain"))
    assert refused["error"] == "invalid_request"


def test_plain_challenge_passes_stock_dot(stock: StockDriver) -> None:
    verifier = stock.pkce.verifier
    assert stock.tokens(code_challenge=verifier, code_challenge_method="plain").status == 200


@pytest.mark.parametrize("path", ["/o/userinfo/"])
def test_token_in_a_query_is_refused(driver: Driver, path: str) -> None:
    access = driver.tokens().access
    assert driver.backchannel.get(path, {"access_token": access}).status_code == 401


def test_token_in_a_query_is_refused_by_resource_views(driver: Driver, resource: Any) -> None:
    access = driver.tokens().access
    assert resource("", {"access_token": access}).status_code == 403


def test_token_in_a_query_passes_stock_dot(stock: StockDriver) -> None:
    access = stock.tokens().access
    assert stock.backchannel.get("/resource/", {"access_token": access}).content == b"ada"


def test_answer_names_its_issuer(driver: Driver) -> None:
    driver.tokens()
    assert query(driver.authorize())["iss"] == "http://localhost:8000"


def test_answer_of_stock_dot_names_no_issuer(stock: StockDriver) -> None:
    assert "iss" not in query(stock.allow(stock.request_parameters()))


def test_replayed_refresh_token_kills_its_family(driver: Driver) -> None:
    first = driver.tokens()
    second = driver.refresh(first.refresh)
    assert driver.refresh(first.refresh).error == "invalid_grant"
    assert not driver.works(second.access)
    assert driver.refresh(second.refresh).error == "invalid_grant"


def test_replayed_refresh_token_leaves_its_family_alive_at_stock_dot(stock: StockDriver) -> None:
    first = stock.tokens()
    second = stock.refresh(first.refresh)
    assert stock.refresh(first.refresh).error == "invalid_grant"
    assert stock.works(second.access)
    assert stock.refresh(second.refresh).status == 200
