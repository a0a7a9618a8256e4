"""RFC 7636: proof key for code exchange."""

from typing import Any

import pytest

from tests import factories
from tests.provider.driver import Driver, query


@pytest.fixture
def waived(db: None, user: Any) -> Driver:
    """Return a confidential client an admin lets sign in without PKCE."""
    return Driver(factories.make_application(pkce_waived=True), user)


WITHOUT = {"code_challenge": None, "code_challenge_method": None}


def test_missing_challenge_is_refused(driver: Driver) -> None:
    """4.4.1."""
    assert query(driver.authorize(**WITHOUT))["error"] == "invalid_request"


def test_missing_challenge_of_a_public_client_is_refused_though_waived(db: None, user: Any) -> None:
    """4.4.1: a row that should not exist opens nothing."""
    from provider_site.models import Registration

    public = Driver(factories.make_application(client_type="public"), user)
    Registration.objects.filter(application=public.application).update(pkce_waived=True)
    assert query(public.authorize(**WITHOUT))["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["plain", None, "", "s256", "S512"])
def test_any_method_but_s256_is_refused(driver: Driver, method: str | None) -> None:
    """4.3, RFC 9700 2.1.1."""
    assert query(driver.authorize(code_challenge_method=method))["error"] == "invalid_request"


@pytest.mark.parametrize("challenge", ["", "short", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "ä" * 43])
def test_malformed_challenge_is_refused(driver: Driver, challenge: str) -> None:
    """4.2: the base64url of a SHA-256 has 43 characters."""
    assert query(driver.authorize(code_challenge=challenge))["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", ["x" * 43, "", None, "ä" * 43])
def test_wrong_or_missing_verifier_is_refused_and_the_right_one_still_works(
    driver: Driver, verifier: str | None
) -> None:
    """4.6."""
    code = driver.code()
    refused = driver.redeem(code, code_verifier=verifier)
    assert refused.status == 400
    assert refused.error in {"invalid_grant", "invalid_request"}
    assert driver.redeem(code).status == 200


def test_challenge_itself_is_no_verifier(driver: Driver) -> None:
    """4.6, 7.2: what a downgrade to plain would accept."""
    code = driver.code()
    assert driver.redeem(code, code_verifier=driver.pkce.challenge).error == "invalid_grant"


def test_verifier_of_another_request_is_refused(driver: Driver, user: Any) -> None:
    """4.6: the challenge is bound to its code."""
    from tests.provider.driver import Pkce

    first = driver.pkce
    code = driver.code()
    driver.pkce = Pkce()
    driver.code()
    assert driver.redeem(code).error == "invalid_grant"
    assert driver.redeem(code, code_verifier=first.verifier).status == 200


def test_verifier_for_a_code_without_a_challenge_is_refused(waived: Driver) -> None:
    """RFC 9700 4.8.2: so a stripped challenge shows."""
    assert waived.redeem(waived.code(**WITHOUT)).error == "invalid_grant"


def test_waived_client_signs_in_without_a_challenge_and_its_nonce_is_bound(waived: Driver) -> None:
    tokens = waived.redeem(waived.code(**WITHOUT, nonce="n-7"), code_verifier=None)
    assert waived.id_token(tokens)["nonce"] == "n-7"


def test_waived_client_signs_in_without_nonce_and_challenge(waived: Driver) -> None:
    tokens = waived.redeem(waived.code(**WITHOUT, nonce=None), code_verifier=None)
    assert "nonce" not in waived.id_token(tokens)


@pytest.mark.parametrize("verifier", [None, "x" * 43])
def test_challenge_a_waived_client_sends_is_enforced(waived: Driver, verifier: str | None) -> None:
    code = waived.code()
    assert waived.redeem(code, code_verifier=verifier).status == 400
    assert waived.redeem(code).status == 200


@pytest.mark.parametrize(
    "challenge", [{"code_challenge_method": "plain"}, {"code_challenge": ""}, {"code_challenge": "short"}]
)
def test_bad_challenge_of_a_waived_client_is_refused(waived: Driver, challenge: dict[str, str]) -> None:
    """4.4.1."""
    assert query(waived.authorize(**challenge))["error"] == "invalid_request"


def test_waiver_withdrawn_before_the_exchange_holds_for_the_next_request(waived: Driver) -> None:
    from provider_site.models import Registration

    code = waived.code(**WITHOUT)
    Registration.objects.filter(application=waived.application).update(pkce_waived=False)
    assert waived.redeem(code, code_verifier=None).status == 400
    assert query(waived.authorize(**WITHOUT))["error"] == "invalid_request"


def test_waiver_is_for_sign_ins_alone(waived: Driver) -> None:
    """RFC 9700 2.1.1: without OpenID Connect there is no nonce to stand in for the challenge."""
    plain = {"code_challenge": None, "code_challenge_method": None}
    assert query(waived.authorize(scope="nickname", **plain))["error"] == "invalid_request"
    assert "code" in query(waived.consent(waived.authorize(scope="openid nickname", **plain)))
