"""Frame a page, keep an answer in a cache, or learn an address from a referrer."""

from typing import Any

import pytest

from tests.provider.driver import Driver


def pages(driver: Driver) -> dict[str, Any]:
    """Return every page with personal content, and the error pages."""
    first = driver.authorize()
    found = {
        "consent": driver.browser.get(first["Location"]),
        "tampered consent": driver.browser.post(first["Location"], {"decision": "x"}),
        "unknown client": driver.authorize(client_id="unknown"),
        "wrong address": driver.authorize(redirect_uri="https://evil.example/"),
        "expired": driver.browser.get("/o/consent/unknown/"),
        "expired resume": driver.browser.get("/o/authorize/unknown/"),
        "profile": driver.browser.get("/o/profile/"),
        "apps": driver.browser.get("/o/apps/"),
    }
    driver.application.registration.status = "draft"
    driver.application.registration.save()
    return found | {"not available": driver.authorize()}


def directives(answer: Any) -> dict[str, str]:
    """Return the Content-Security-Policy by directive."""
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: value for name, _space, value in parts}


class TestPageHeaders:
    def test_no_page_can_be_framed(self, driver: Driver) -> None:
        for name, answer in pages(driver).items():
            assert answer["X-Frame-Options"] == "DENY", name
            assert directives(answer)["frame-ancestors"] == "'none'", name

    def test_no_page_is_kept_by_a_cache(self, driver: Driver) -> None:
        for name, answer in pages(driver).items():
            assert "no-store" in answer["Cache-Control"], name
            assert "public" not in answer["Cache-Control"], name

    def test_no_page_runs_or_loads_what_is_not_ours(self, driver: Driver) -> None:
        for name, answer in pages(driver).items():
            policy = directives(answer)
            assert policy["default-src"] == "'self'", name
            assert "unsafe" not in answer["Content-Security-Policy"], name
            assert "*" not in answer["Content-Security-Policy"], name
            assert policy["base-uri"] == "'none'", name
            assert answer["X-Content-Type-Options"] == "nosniff", name

    def test_forms_go_to_us_and_to_the_one_client_asked_about(self, driver: Driver) -> None:
        for name, answer in pages(driver).items():
            expected = "'self' https://app.example.com" if "consent" in name else "'self'"
            assert directives(answer)["form-action"] == expected, name

    def test_no_page_tells_its_address_to_others(self, driver: Driver) -> None:
        for name, answer in pages(driver).items():
            assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}, name

    def test_redirect_to_the_client_is_not_kept_and_not_told(self, driver: Driver) -> None:
        driver.code()
        for answer in (
            driver.authorize(),
            driver.authorize(scope="root"),
            driver.authorize(method="post", scope="root"),
        ):
            assert "no-store" in answer["Cache-Control"]
            assert answer["Referrer-Policy"] == "no-referrer"

    def test_handle_is_not_kept_by_a_cache(self, driver: Driver) -> None:
        first = driver.authorize()
        assert "no-store" in first["Cache-Control"]
        answer = driver.browser.post(first["Location"], {"decision": "deny"})
        assert "no-store" in answer["Cache-Control"]

    def test_answers_to_clients_are_not_kept(self, driver: Driver) -> None:
        tokens = driver.tokens()
        refused = driver.redeem("x")
        for headers in (tokens.headers, refused.headers, driver.refresh("x", headers={}).headers):
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
        for answer in (driver.userinfo(tokens.access), driver.userinfo("x"), driver.revoke(tokens.access)):
            assert "no-store" in answer["Cache-Control"]

    @pytest.mark.parametrize("address", ["/.well-known/openid-configuration", "/.well-known/jwks.json"])
    def test_public_documents_set_no_cookie(self, driver: Driver, address: str) -> None:
        answer = driver.backchannel.get(address)
        assert "public" in answer["Cache-Control"]
        assert not answer.cookies

    def test_form_is_followed_by_a_303(self, driver: Driver) -> None:
        """No browser may repeat the person's form to the client (RFC 9700 4.12)."""
        first = driver.authorize()
        assert driver.browser.post(first["Location"], {"decision": "deny"}).status_code == 303
        assert driver.authorize(method="post").status_code == 303
        assert driver.authorize(method="post", scope="root").status_code == 303
