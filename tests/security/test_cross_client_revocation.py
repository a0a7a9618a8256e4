"""Revoke what belongs to another client, or find out whether it exists (RFC 7009 2.1, 5)."""

import pytest

from tests.provider.driver import Driver


class TestCrossClientRevocation:
    @pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unknown", ""])
    def test_tokens_of_another_client_survive(self, driver: Driver, attacker: Driver, hint: str) -> None:
        tokens = driver.tokens()
        for token in (tokens.access, tokens.refresh):
            answer = attacker.revoke(token, token_type_hint=hint)
            assert answer.status_code == 200
            assert answer.content == b""
        assert driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).status == 200

    def test_answer_is_the_same_for_a_token_that_does_not_exist(self, driver: Driver, attacker: Driver) -> None:
        token = driver.tokens().access
        foreign, unknown = attacker.revoke(token), attacker.revoke("osat_unknown")
        assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)

    def test_confidential_clients_token_is_not_revoked_without_its_secret(self, driver: Driver) -> None:
        tokens = driver.tokens()
        assert driver.revoke(tokens.access, headers={}, client_id=driver.application.client_id).status_code == 401
        assert driver.revoke(tokens.access, headers={}).status_code == 401
        assert driver.works(tokens.access)

    def test_public_client_revokes_its_own_alone(self, driver: Driver, public: Driver) -> None:
        name = {"client_id": public.application.client_id}
        own, foreign = public.redeem(public.code(), headers={}, **name), driver.tokens()
        public.revoke(foreign.access, headers={}, **name)
        public.revoke(own.refresh, headers={}, **name)
        assert driver.works(foreign.access)
        assert not public.works(own.access)

    def test_revoked_refresh_token_takes_the_family_with_it(self, driver: Driver) -> None:
        first = driver.tokens()
        second = driver.refresh(first.refresh)
        driver.revoke(first.refresh)
        assert not driver.works(second.access)
        assert driver.refresh(second.refresh).error == "invalid_grant"

    def test_revocation_is_no_get_and_has_no_callback(self, driver: Driver) -> None:
        token = driver.tokens().access
        assert driver.backchannel.get("/o/revoke_token/", {"token": token}, headers=driver.basic()).status_code == 405
        assert b"evil" not in driver.revoke("x", callback="evil").content
        assert driver.works(token)
