"""Read answers from a page of another origin (RFC 9700 2.1, Fetch standard)."""

from typing import Any

import pytest

from tests.provider.driver import Driver

ORIGIN = {"Origin": "https://evil.example"}
PREFLIGHT = ORIGIN | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def shared(answer: Any) -> dict[str, str]:
    """Return the headers that open an answer to other origins."""
    return {name: value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


class TestCors:
    @pytest.mark.parametrize(
        "address",
        ["/o/authorize/", "/o/token/", "/o/revoke_token/", "/o/profile/", "/o/apps/", "/accounts/login/", "/"],
    )
    def test_preflight_opens_nothing(self, driver: Driver, address: str) -> None:
        assert not shared(driver.browser.options(address, headers=PREFLIGHT))

    def test_authorization_and_its_pages_are_not_shared(self, driver: Driver) -> None:
        first = driver.browser.get("/o/authorize/", driver.request_parameters(), headers=ORIGIN)
        assert not shared(first)
        assert not shared(driver.browser.get(first["Location"], headers=ORIGIN))
        assert not shared(driver.browser.get("/o/authorize/", {"client_id": "x"}, headers=ORIGIN))

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.com.evil.example"])
    def test_tokens_are_not_shared_with_an_unregistered_origin(self, driver: Driver, origin: str) -> None:
        type(driver.application).objects.update(allowed_origins="https://app.example.com")
        headers = driver.basic() | {"Origin": origin}
        answer = driver.redeem(driver.code(), headers=headers)
        assert answer.status == 200
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_tokens_are_shared_with_a_registered_origin_alone(self, driver: Driver) -> None:
        type(driver.application).objects.update(allowed_origins="https://app.example.com")
        headers = driver.basic() | {"Origin": "https://app.example.com"}
        answer = driver.redeem(driver.code(), headers=headers)
        assert answer.headers.get("Access-Control-Allow-Origin") == "https://app.example.com"
        assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_userinfo_is_open_to_a_token_and_never_to_cookies(self, driver: Driver) -> None:
        token = driver.tokens().access
        answer = driver.backchannel.get("/o/userinfo/", headers=ORIGIN | {"Authorization": f"Bearer {token}"})
        assert shared(answer)["Access-Control-Allow-Origin"] == "*"
        by_cookie = driver.browser.get("/o/userinfo/", headers=ORIGIN)
        assert by_cookie.status_code == 401
        for each in (answer, by_cookie, driver.browser.options("/o/userinfo/", headers=PREFLIGHT)):
            assert "Access-Control-Allow-Credentials" not in each.headers
            assert not each.cookies
