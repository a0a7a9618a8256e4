"""Have a person's browser send a form of the site from another one (RFC 9700 4.7, RFC 6749 10.12)."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from provider_site.models import Consent
from tests.provider.driver import ISSUER_HOST, Driver
from tests.security import every_page
from tests.security.conftest import BACKEND

# What takes a POST of another site, and why that does nothing by itself.
EXEMPT = {
    "/o/authorize/": "keeps the request; who is signed in shows at the browser's next request (OpenID Core 3.1.2.1)",
    "/o/logout/": "goes on by a GET, which asks (RP-Initiated Logout 2)",
    "/o/token/": "machines, by secret",
    "/o/revoke_token/": "machines, by secret",
    "/o/introspect/": "machines, by secret",
    "/o/device_authorization/": "machines, by secret",
    "/o/userinfo/": "machines, by token",
    "/.well-known/openid-configuration": "a document",
    "/tenant/.well-known/openid-configuration": "a document",
    "/.well-known/oauth-authorization-server": "a document",
    "/.well-known/oauth-authorization-server/tenant": "a document",
    "/.well-known/jwks.json": "a document",
}
ELSEWHERE = [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"referer": "https://evil.example/"}]


@pytest.fixture
def victim(driver: Driver, user: Any) -> Client:
    """Return the browser of a person with a consent, which checks forms as real ones do."""
    driver.tokens()
    browser = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(user, backend=BACKEND)
    browser.get("/o/profile/")
    return browser


class TestCsrf:
    def test_no_form_is_taken_from_elsewhere(self, driver: Driver, victim: Client) -> None:
        """403, or 405 and 404 where there is nothing to send: never anything that could be done."""
        handle = victim.get("/o/authorize/", driver.request_parameters(prompt="consent"))["Location"].split("/")[3]
        before = Consent.objects.get().closed_at
        taken = []
        for address in every_page.filled(driver, handle=handle):
            if address in EXEMPT:
                continue
            for headers in ELSEWHERE:
                sent = {"decision": "allow", "answer": "yes", "name": driver.application.name, "language": "en"}
                answer = victim.post(address, sent, headers=headers)
                if answer.status_code not in {403, 404, 405}:
                    taken.append((address, headers, answer.status_code))
        assert taken == []
        assert Consent.objects.get().closed_at == before is None

    def test_nothing_else_is_exempt(self, driver: Driver) -> None:
        exempt = {
            every_page._fill(route, {"issuer_path": "tenant"})
            for route, view in every_page.routes()
            if getattr(view, "csrf_exempt", False)
        }
        assert exempt <= EXEMPT.keys()

    def test_exempt_request_does_nothing_in_the_persons_name(self, driver: Driver, victim: Client) -> None:
        """Their browser sends no SameSite=Lax cookie with it; even with one, a page asks first."""
        for headers in ELSEWHERE:
            answer = victim.post("/o/authorize/", driver.request_parameters(), headers=headers)
            assert answer["Location"].startswith("/o/authorize/")
            answer = victim.post("/o/logout/", {}, headers=headers)
            assert answer["Location"].startswith("/o/logout/asked/")
            assert victim.get("/o/profile/").status_code == 200

    def test_token_in_a_cookie_alone_is_no_proof(self, driver: Driver, victim: Client) -> None:
        address = f"/o/apps/{driver.application.pk}/withdraw/"
        cookie = victim.cookies[django_settings.CSRF_COOKIE_NAME].value
        for sent in ({"csrfmiddlewaretoken": "A" * 64}, {"csrfmiddlewaretoken": ""}, {"csrftoken": cookie}):
            assert victim.post(address, sent).status_code == 403
        assert Consent.objects.get().closed_at is None

    def test_cookie_of_the_session_goes_with_no_form_of_another_site(self, user: Any) -> None:
        assert django_settings.SESSION_COOKIE_SAMESITE == "Lax"
        assert django_settings.CSRF_COOKIE_SAMESITE == "Lax"
