"""Show a signed statement a second time, or where none is taken (RFC 7523 6, OpenID Core 16.9)."""

from typing import Any

import jwt
import pytest

from provider_site.services import keys
from tests.provider.driver import Driver, query
from tests.provider.logout import AFTERWARDS, ask, hint, is_question, is_signed_in, wants

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANTS = ["urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer"]


class TestAssertions:
    @pytest.mark.parametrize("grant", GRANTS)
    def test_assertion_is_no_grant(self, driver: Driver, grant: str) -> None:
        """A stolen ID token would else buy access tokens for as long as it lives."""
        token = driver.tokens().body["id_token"]
        for headers in (None, {}):
            answer = driver.token(headers=headers, grant_type=grant, assertion=token, scope="openid")
            assert (answer.status, answer.error) == (400, "unsupported_grant_type")

    def test_assertion_proves_no_client(self, driver: Driver) -> None:
        """Not even one with our own signature: no method of that kind is offered (RFC 7523 3)."""
        name = driver.application.client_id
        claims = {"iss": name, "sub": name, "aud": "http://localhost:8000/o/token/", "jti": "1", "exp": 2**33}
        for text in (keys.signer().sign(claims), jwt.encode(claims, driver.secret.ljust(32, "x"), "HS256"), "x"):
            sent = {"client_assertion_type": ASSERTION, "client_assertion": text, "client_id": name}
            answer = driver.token(headers={}, grant_type="client_credentials", **sent)
            assert (answer.status, answer.error) == (401, "invalid_client")
            assert driver.revoke("x", headers={}, **sent).status_code == 401

    def test_metadata_offers_none(self, driver: Driver) -> None:
        document = driver.backchannel.get("/.well-known/openid-configuration").json()
        offered = " ".join(document["token_endpoint_auth_methods_supported"] + document["grant_types_supported"])
        assert "jwt" not in offered
        assert "saml" not in offered


class TestHints:
    """An ID token may be shown again and again as a hint: so it must not do what only its person may."""

    def test_hint_signs_nobody_in(self, driver: Driver) -> None:
        token = driver.tokens().body["id_token"]
        driver.sign_out()
        for _time in range(2):
            assert query(driver.authorize(prompt="none", id_token_hint=token))["error"] == "login_required"

    def test_hint_of_an_ended_session_ends_no_other(self, driver: Driver, user: Any) -> None:
        wants(driver)
        token = hint(driver)
        assert ask(driver, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS)["Location"].startswith(AFTERWARDS)
        driver.sign_in_again(user)
        assert is_question(ask(driver, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS))
        assert is_signed_in(driver)

    def test_request_object_is_refused_however_it_is_signed(self, driver: Driver) -> None:
        """RFC 9101 10: what is not supported is refused and never half read."""
        claims = driver.request_parameters(state="inside")
        for text in (jwt.encode(claims, driver.secret.ljust(32, "x"), "HS256"), keys.signer().sign(claims)):
            for name in ("request", "request_uri"):
                told = query(driver.authorize(**{name: text}))
                assert told["error"] == f"{name}_not_supported"
                assert told["state"] == "state-1"
