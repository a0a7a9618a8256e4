"""Use the provider to send a person to an attacker's page."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests import factories
from tests.provider.driver import Driver, query

EVIL = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "https:///evil.example",
    "http://localhost:8000@evil.example/",
    "http://localhost.evil.example/",
    "javascript:alert(1)",
    "\thttps://evil.example/",
    "/\t/evil.example/",
]
SIGN_IN = {"password": factories.PASSWORD}


def stays(answer: Any) -> bool:
    """Tell whether an answer leads nowhere, or to this host."""
    parts = urlsplit(answer.get("Location", ""))
    return parts.netloc in {"", "localhost:8000"} and parts.scheme in {"", "http"} and not parts.path.startswith("//")


class TestOpenRedirect:
    @pytest.mark.parametrize("address", EVIL)
    @pytest.mark.parametrize("parameters", [{"client_id": "unknown"}, {"response_type": "token"}, {"scope": "root"}])
    def test_error_never_leaves_for_an_unregistered_address(
        self, driver: Driver, address: str, parameters: dict[str, str]
    ) -> None:
        answer = driver.authorize(redirect_uri=address, **parameters)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        links = re.findall(r'(?:href|action|src|http-equiv)="([^"]*)"', answer.content.decode())
        assert links
        assert not [link for link in links if "evil.example" in link]

    def test_unknown_client_is_never_redirected_to(self, driver: Driver) -> None:
        assert "Location" not in driver.authorize(client_id="unknown").headers

    def test_suspended_client_is_never_redirected_to(self, driver: Driver) -> None:
        driver.application.registration.status = "suspended"
        driver.application.registration.save()
        assert "Location" not in driver.authorize().headers

    @pytest.mark.parametrize("address", EVIL)
    def test_sign_in_goes_on_within_the_site(self, user: Any, address: str) -> None:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        browser = Client(headers={"host": "localhost:8000"})
        answer = browser.post("/accounts/login/", {"login": user.username, "next": address, **SIGN_IN})
        assert answer.status_code == 302
        assert stays(answer)

    @pytest.mark.parametrize("address", EVIL)
    def test_sign_out_goes_on_within_the_site(self, driver: Driver, address: str) -> None:
        answer = driver.browser.post("/accounts/logout/", {"next": address})
        assert answer.status_code == 302
        assert stays(answer)

    @pytest.mark.parametrize("address", EVIL)
    def test_language_switch_goes_on_within_the_site(self, db: None, stranger: Client, address: str) -> None:
        browser = Client(headers={"host": "localhost:8000"})
        assert stays(browser.post("/i18n/setlang/", {"language": "en", "next": address}))

    @pytest.mark.parametrize("address", EVIL)
    def test_admin_entrance_goes_on_within_the_site(self, staff: Any, address: str) -> None:
        browser = Client(headers={"host": "localhost:8000"})
        staff.emailaddress_set.create(email=staff.email, verified=True, primary=True)
        browser.post("/accounts/login/", {"login": staff.username, **SIGN_IN})
        answer = browser.get("/admin/login/", {"next": address})
        assert answer.status_code == 302
        assert stays(answer)

    def test_destination_of_a_sign_in_is_a_handle_of_ours(self, driver: Driver, stranger: Client) -> None:
        answer = stranger.get("/o/authorize/", driver.request_parameters())
        assert answer["Location"].startswith("/accounts/login/?next=/o/authorize/")
        assert "app.example.com" not in answer["Location"]

    def test_answer_keeps_to_the_registered_address(self, driver: Driver) -> None:
        answer = driver.consent(driver.authorize(), decision="deny")
        assert answer["Location"].startswith(driver.redirect_uri + "?")
        assert query(answer)["error"] == "access_denied"
