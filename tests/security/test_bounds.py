"""Exhaust the provider: large, many or endless inputs, and guessing without a limit."""

import base64
from typing import Any

import pytest
from django.test import Client

from provider_site.models import AuthorizationRequest
from provider_site.services import limits
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, encode, query

FORM = "application/x-www-form-urlencoded"
LARGE = 3 * 1024 * 1024


class TestBounds:
    @pytest.mark.parametrize("endpoint", ["/o/token/", "/o/revoke_token/", "/o/authorize/"])
    def test_large_body_is_refused(self, driver: Driver, endpoint: str) -> None:
        body = b"grant_type=refresh_token&token=x&refresh_token=" + b"x" * LARGE
        assert driver.backchannel.post(endpoint, body, content_type=FORM, headers=driver.basic()).status_code == 400

    @pytest.mark.parametrize("endpoint", ["/o/token/", "/o/revoke_token/", "/o/authorize/"])
    def test_thousands_of_parameters_are_refused(self, driver: Driver, endpoint: str) -> None:
        body = "&".join(f"p{number}=1" for number in range(3000))
        assert driver.backchannel.post(endpoint, body, content_type=FORM, headers=driver.basic()).status_code == 400

    def test_boundless_state_is_not_kept(self, driver: Driver, stranger: Client) -> None:
        """What a stranger sends is kept for an hour."""
        for size in (5000, 1_000_000):
            answer = stranger.post("/o/authorize/", driver.request_parameters(state="x" * size))
            assert answer.status_code == 400
        assert not AuthorizationRequest.objects.exists()
        assert query(driver.authorize(state="x" * 4096, scope="root"))["state"] == "x" * 4096

    @pytest.mark.parametrize("name", ["prompt", "scope"])
    def test_repeated_words_are_kept_once(self, driver: Driver, stranger: Client, name: str) -> None:
        word = {"prompt": "consent ", "scope": "openid "}[name]
        stranger.post("/o/authorize/", driver.request_parameters(**{name: word * 1000}))
        assert len(str(AuthorizationRequest.objects.get().parameters)) < 2000

    @pytest.mark.parametrize("name", ["nonce", "code_challenge", "max_age", "response_mode"])
    def test_large_parameter_is_refused(self, driver: Driver, name: str) -> None:
        answer = driver.authorize(method="post", **{name: "9" * 10_000})
        assert query(answer)["error"] == "invalid_request"

    def test_parameters_nobody_knows_are_not_kept(self, driver: Driver, stranger: Client) -> None:
        stranger.post("/o/authorize/", driver.request_parameters(unknown="x" * 100_000, display="y" * 100_000))
        assert len(str(AuthorizationRequest.objects.get().parameters)) < 2000

    @pytest.mark.parametrize("broken", ["%zz", "%", "%f", "\xff\xfe", "%00", "%ff%fe", "[{\"'^`|\\"])
    @pytest.mark.parametrize("name", ["state", "scope", "nonce", "client_id", "unknown", "redirect_uri"])
    def test_broken_encoding_is_no_server_error(self, driver: Driver, name: str, broken: str) -> None:
        parameters = {key: value for key, value in driver.request_parameters().items() if key != name}
        driver.browser.raise_request_exception = False
        answer = driver.browser.generic("GET", "/o/authorize/", QUERY_STRING=f"{encode(parameters)}&{name}={broken}")
        assert answer.status_code in {302, 400}

    @pytest.mark.parametrize(
        "body", [b"\xff\xfe", b"%zz=%zz&=&&&", b"grant_type=%00", b"grant_type=refresh_token&refresh_token=%ff"]
    )
    def test_broken_form_is_no_server_error(self, driver: Driver, body: bytes) -> None:
        driver.backchannel.raise_request_exception = False
        for endpoint in ("/o/token/", "/o/revoke_token/"):
            answer = driver.backchannel.post(endpoint, body, content_type=FORM, headers=driver.basic())
            assert answer.status_code in {200, 400}

    @pytest.mark.parametrize("charset", ["utf-7", "utf-16", "unknown"])
    def test_other_charset_is_no_server_error(self, driver: Driver, charset: str) -> None:
        driver.backchannel.raise_request_exception = False
        kind = f"{FORM}; charset={charset}"
        answer = driver.backchannel.generic("POST", "/o/token/", b"grant_type=x", kind, headers=driver.basic())
        assert answer.status_code == 400

    @pytest.mark.parametrize("token", ["x" * 100_000, "\xff", "ü", "osat_" + "z" * 71, "", " ", "a b"])
    def test_odd_bearer_token_is_no_server_error(self, driver: Driver, token: str) -> None:
        driver.backchannel.raise_request_exception = False
        assert driver.userinfo(token).status_code == 401

    @pytest.mark.parametrize(
        "endpoint", ["/o/token/", "/o/revoke_token/", "/o/introspect/", "/o/device_authorization/"]
    )
    @pytest.mark.parametrize("in_header", [False, True])
    def test_name_of_a_client_that_is_none_is_not_kept_whole(
        self, driver: Driver, endpoint: str, in_header: bool
    ) -> None:
        """Failures are counted by the name that was sent: thousands of megabytes would be remembered else."""
        name = "x" * 1_000_000
        pair = base64.b64encode(f"{name}:wrong".encode()).decode()
        form = {"grant_type": "client_credentials", "token": "x"} | ({} if in_header else {"client_id": name})
        if not in_header:
            form["client_secret"] = "wrong"
        headers = {"Authorization": f"Basic {pair}"} if in_header else {}
        answer = driver.backchannel.post(endpoint, encode(form), content_type=FORM, headers=headers)
        assert answer.status_code == 401
        assert limits._portions
        assert sum(len(text) for key in limits._portions for text in key) < 5_000

    def test_passwords_cannot_be_guessed_without_a_limit_by_forged_addresses(self, user: Any) -> None:
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        client = Client(headers={"host": ISSUER_HOST})
        for number in range(12):
            client.post(
                "/accounts/login/",
                {"login": user.username, "password": f"guess {number}"},
                headers={"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.0.0.{number}"},
            )
        right = {"login": user.username, "password": factories.PASSWORD}
        assert client.post("/accounts/login/", right).status_code != 302

    def test_code_cannot_be_used_after_a_minute(self, driver: Driver) -> None:
        from datetime import timedelta

        from oauth2_provider.models import get_grant_model

        code = driver.code()
        grant = get_grant_model().objects.get()
        assert grant.expires - grant.created <= timedelta(seconds=61)
        grant.expires -= timedelta(seconds=61)
        grant.save()
        assert driver.redeem(code).error == "invalid_grant"
