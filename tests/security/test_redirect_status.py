"""Have a browser send somebody's password or form on to an application by a 307 (RFC 9700 4.12)."""

from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver
from tests.security import every_page

REPEATING = {307, 308}


class TestRedirectStatus:
    def test_no_answer_to_a_form_has_the_browser_repeat_it(self, driver: Driver) -> None:
        """Neither here nor at the next place: 302 and 303 become a GET."""
        driver.tokens()
        page = driver.authorize(prompt="consent")["Location"]
        seen: dict[int, int] = {}
        for address in every_page.filled(driver, handle=page.split("/")[3]):
            answer = driver.browser.post(address, {"decision": "deny", "answer": "no", "name": "x", "language": "en"})
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            assert answer.status_code not in REPEATING, address
        assert seen[302] + seen[303] >= 8

    def test_password_goes_no_further_than_the_sign_in(self, driver: Driver, user: Any) -> None:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        browser = Client(headers={"host": ISSUER_HOST})
        first = browser.get("/o/authorize/", driver.request_parameters())
        sent = {"login": user.username, "password": factories.PASSWORD, "next": first["Location"].partition("next=")[2]}
        answer = browser.post("/accounts/login/", sent)
        assert answer.status_code in {302, 303}
        assert answer["Location"].startswith("/o/authorize/")
        assert factories.PASSWORD not in answer["Location"]

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_answer_to_the_client_is_302_for_a_get_and_303_for_a_post(self, driver: Driver, method: str) -> None:
        driver.code()
        answer = driver.authorize(method=method, scope="root")
        assert answer.status_code == {"get": 302, "post": 303}[method]

    @pytest.mark.parametrize("address", ["/accounts/login", "/o/token", "/o/authorize", "/o/consent/x"])
    def test_address_without_its_slash_repeats_nothing(self, driver: Driver, settings: Any, address: str) -> None:
        settings.DEBUG = False
        driver.browser.raise_request_exception = False
        answer = driver.browser.post(address, {"password": factories.PASSWORD, "code": "secret"})
        assert answer.status_code not in REPEATING
        assert factories.PASSWORD not in answer.headers.get("Location", "")
