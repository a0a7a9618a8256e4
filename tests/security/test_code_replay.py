"""Use a code twice, one after the other and many at once (RFC 6749 4.1.2, RFC 9700 4.5)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from provider_site.protocol import token
from tests import factories
from tests.provider.driver import Driver, Tokens, plant_signing_key


def at_once(action: Callable[[], Tokens], *, times: int) -> list[Tokens]:
    """Run `action` in many threads that begin together; return what each got."""
    results: list[Tokens] = []
    barrier = threading.Barrier(times)

    def run() -> None:
        barrier.wait()
        try:
            results.append(action())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestCodeReplay:
    def test_second_use_is_refused_and_kills_what_the_first_bought(self, driver: Driver) -> None:
        code = driver.code()
        first = driver.redeem(code)
        assert driver.works(first.access)
        assert driver.redeem(code).error == "invalid_grant"
        assert not driver.works(first.access)
        assert driver.refresh(first.refresh).error == "invalid_grant"

    def test_second_use_is_refused_where_the_first_took_the_short_way(
        self, driver: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The person's first code of all goes the general way, which makes their subject."""
        driver.tokens()
        code = driver.code()
        with monkeypatch.context() as patch:
            patch.setattr(token.TokenView, "create_token_response", None)
            first = driver.redeem(code)
        assert driver.works(first.access)
        assert driver.redeem(code).error == "invalid_grant"
        assert not driver.works(first.access)
        assert driver.refresh(first.refresh).error == "invalid_grant"

    def test_replay_kills_what_was_refreshed_since(self, driver: Driver) -> None:
        code = driver.code()
        renewed = driver.refresh(driver.redeem(code).refresh)
        assert driver.works(renewed.access)
        driver.redeem(code)
        assert not driver.works(renewed.access)
        assert driver.refresh(renewed.refresh).error == "invalid_grant"

    def test_replay_by_another_client_kills_nothing(self, driver: Driver, attacker: Driver) -> None:
        code = driver.code()
        tokens = driver.redeem(code)
        assert attacker.redeem(code).error == "invalid_grant"
        assert driver.works(tokens.access)

    def test_replay_of_an_unauthenticated_caller_kills_nothing(self, driver: Driver) -> None:
        code = driver.code()
        tokens = driver.redeem(code)
        assert driver.redeem(code, headers={}).status == 401
        assert driver.works(tokens.access)

    def test_consent_survives_a_replay(self, driver: Driver) -> None:
        code = driver.code()
        driver.redeem(code)
        driver.redeem(code)
        assert driver.works(driver.redeem(driver.code()).access)

    @pytest.mark.django_db(transaction=True)
    def test_of_many_uses_at_once_at_most_one_succeeds(self, transactional_db: None) -> None:
        plant_signing_key()
        driver = Driver(factories.make_application(), factories.make_user())
        code = driver.code()
        answers = at_once(lambda: Driver(_same(driver)).redeem(code, code_verifier=driver.pkce.verifier), times=6)
        assert len(answers) == 6
        winners = [answer for answer in answers if answer.status == 200]
        assert len(winners) <= 1
        assert {answer.error for answer in answers if answer.status != 200} == {"invalid_grant"}
        assert not any(driver.works(answer.access) for answer in winners)

    @pytest.mark.django_db(transaction=True)
    def test_of_many_refreshes_at_once_at_most_one_succeeds(self, transactional_db: None) -> None:
        plant_signing_key()
        driver = Driver(factories.make_application(), factories.make_user())
        token = driver.tokens().refresh
        answers = at_once(lambda: Driver(_same(driver)).refresh(token), times=6)
        assert len(answers) == 6
        winners = [answer for answer in answers if answer.status == 200]
        assert len(winners) <= 1
        assert not any(driver.works(answer.access) for answer in winners)


def _same(driver: Driver) -> Any:
    """Return what a Driver is made from, for a thread of its own."""
    from provider_site.services.applications import RegisteredApplication

    return RegisteredApplication(driver.application, driver.secret)
