"""Redeem a code that was given to somebody else (RFC 9700 4.5)."""

from typing import Any

from tests import factories
from tests.provider.driver import Driver


class TestCodeInjection:
    def test_code_of_another_client_is_refused(self, driver: Driver, attacker: Driver) -> None:
        code = driver.code()
        answer = attacker.redeem(code, code_verifier=driver.pkce.verifier, redirect_uri=driver.redirect_uri)
        assert answer.error == "invalid_grant"

    def test_attempt_of_another_client_costs_the_owner_nothing(self, driver: Driver, attacker: Driver) -> None:
        code = driver.code()
        attacker.redeem(code, code_verifier=driver.pkce.verifier)
        assert driver.redeem(code).status == 200

    def test_code_of_a_confidential_client_is_refused_to_a_public_one(self, driver: Driver, public: Driver) -> None:
        code = driver.code()
        for client_id in (public.application.client_id, driver.application.client_id):
            answer = public.redeem(code, headers={}, client_id=client_id, code_verifier=driver.pkce.verifier)
            assert answer.status in {400, 401}
        assert driver.redeem(code).status == 200

    def test_code_of_a_public_client_is_refused_to_a_confidential_one(self, driver: Driver, public: Driver) -> None:
        code = public.code()
        assert driver.redeem(code, code_verifier=public.pkce.verifier).error == "invalid_grant"
        headers = driver.basic()
        answer = driver.redeem(
            code, headers=headers, client_id=public.application.client_id, code_verifier=public.pkce.verifier
        )
        assert answer.status == 401

    def test_stolen_code_without_its_verifier_is_refused(self, public: Driver) -> None:
        code = public.code()
        answer = public.redeem(code, headers={}, client_id=public.application.client_id, code_verifier="stolen" * 10)
        assert answer.error == "invalid_grant"

    def test_code_of_one_address_is_refused_at_another_address_of_the_client(self, driver: Driver, user: Any) -> None:
        addresses = ["https://one.example/cb", "https://two.example/cb"]
        client = Driver(factories.make_application(redirect_uris=addresses), user, redirect_uri=addresses[0])
        assert client.redeem(client.code(), redirect_uri=addresses[1]).error == "invalid_grant"

    def test_code_carries_its_own_person_whatever_the_client_says(
        self, driver: Driver, user: Any, other_user: Any
    ) -> None:
        from provider_site.services.profiles import get_profile

        subject = get_profile(user=user).subject
        answer = driver.redeem(driver.code(), user=str(other_user.pk), sub="somebody", scopes="email")
        assert driver.userinfo(answer.access).json()["sub"] == subject
        assert answer.body["scope"] == "openid nickname offline_access"
