"""Leave PKCE out, weaken it, or take it off a code on the way (RFC 7636, RFC 9700 4.8.2)."""

import hashlib
from typing import Any

import pytest

from tests import factories
from tests.provider.driver import Driver, Pkce, encode, query

NONE = {"code_challenge": None, "code_challenge_method": None}


class TestPkceOmissionAndDowngrade:
    def test_no_challenge_gets_no_code(self, driver: Driver) -> None:
        assert query(driver.authorize(**NONE))["error"] == "invalid_request"

    def test_no_challenge_gets_no_code_though_consent_is_remembered(self, driver: Driver) -> None:
        driver.code()
        assert "code" not in query(driver.authorize(**NONE))

    @pytest.mark.parametrize("method", ["plain", None, "s256", "none", "S256 plain"])
    def test_weaker_method_gets_no_code(self, driver: Driver, method: str | None) -> None:
        assert query(driver.authorize(code_challenge_method=method))["error"] == "invalid_request"

    def test_method_without_challenge_gets_no_code(self, driver: Driver) -> None:
        assert query(driver.authorize(code_challenge=None))["error"] == "invalid_request"

    @pytest.mark.parametrize("sent_again", ["code_challenge=" + "A" * 43, "code_challenge_method=plain"])
    def test_parameter_sent_twice_gets_no_code(self, driver: Driver, sent_again: str) -> None:
        address = f"/o/authorize/?{encode(driver.request_parameters())}&{sent_again}"
        answer = driver.browser.get(address)
        assert answer.status_code == 400 or query(answer)["error"] == "invalid_request"

    def test_challenge_split_between_query_and_body_gets_no_weaker_code(self, driver: Driver) -> None:
        form = driver.request_parameters(**NONE)
        first = driver.browser.post(f"/o/authorize/?code_challenge={driver.pkce.challenge}", form)
        assert query(first)["error"] == "invalid_request"

    @pytest.mark.parametrize("verifier", [None, "", "wrong" * 10])
    def test_code_with_a_challenge_needs_its_verifier(self, driver: Driver, verifier: str | None) -> None:
        assert driver.redeem(driver.code(), code_verifier=verifier).status == 400

    def test_challenge_is_not_accepted_as_verifier(self, driver: Driver) -> None:
        assert driver.redeem(driver.code(), code_verifier=driver.pkce.challenge).error == "invalid_grant"

    def test_hex_digest_is_not_accepted_as_challenge(self, driver: Driver) -> None:
        digest = hashlib.sha256(driver.pkce.verifier.encode()).hexdigest()
        assert query(driver.authorize(code_challenge=digest))["error"] == "invalid_request"

    def test_verifier_for_a_code_without_challenge_is_refused(self, driver: Driver, user: Any) -> None:
        """An attacker stripped the challenge from the request of a client that sends one."""
        waived = Driver(factories.make_application(pkce_waived=True), user)
        code = waived.code(**NONE)
        assert waived.redeem(code).error == "invalid_grant"

    def test_waiver_of_a_confidential_client_does_not_loosen_a_challenge_that_is_sent(self, user: Any) -> None:
        waived = Driver(factories.make_application(pkce_waived=True), user)
        assert query(waived.authorize(code_challenge_method="plain"))["error"] == "invalid_request"
        assert waived.redeem(waived.code(), code_verifier=None).status == 400

    def test_verifier_of_another_code_is_refused(self, driver: Driver) -> None:
        first = driver.code()
        verifier, driver.pkce = driver.pkce.verifier, Pkce()
        second = driver.code()
        assert driver.redeem(second, code_verifier=verifier).error == "invalid_grant"
        assert driver.redeem(first, code_verifier=driver.pkce.verifier).error == "invalid_grant"
