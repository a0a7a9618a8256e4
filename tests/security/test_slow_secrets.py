"""A client secret of stock DOT's, hashed slowly: guessing it costs the site no more than a bounded time."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.utils import timezone

from provider_site.models import ClientSecret
from provider_site.services import leaks, secrets, slow_hashes
from tests import factories
from tests.provider.driver import Driver

CHOSEN = "my cat is called Mimi"
BUDGET = slow_hashes.GUESSES_PER_MINUTE


def stock_client() -> Driver:
    """Return an application as stock DOT left it, whose secret somebody had thought up."""
    registered = factories.make_application()
    ClientSecret.objects.filter(application=registered.application).delete()
    stored = make_password(CHOSEN, hasher="pbkdf2_sha256")
    rows = type(registered.application).objects.filter(pk=registered.application.pk)
    rows.update(client_secret=stored, hash_client_secret=True)
    registered.application.refresh_from_db()
    driver = Driver(registered)
    driver.secret = CHOSEN
    return driver


def is_known(driver: Driver, secret: str = CHOSEN) -> bool:
    """Tell whether the token endpoint takes the secret for the client's; what it is asked for is refused either way."""
    answer = driver.token(headers=driver.basic(secret=secret), grant_type="refresh_token", refresh_token="x")
    assert answer.error in {"invalid_client", "invalid_grant"}, answer.body
    return answer.error == "invalid_grant"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the secrets that were hashed slowly, at no cost."""
    asked: list[str] = []

    def verify(self: Any, password: str, encoded: str) -> bool:
        asked.append(password)
        return password == CHOSEN

    monkeypatch.setattr(PBKDF2PasswordHasher, "verify", verify)
    return asked


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stop the clock in the middle of a minute; return a function that moves it on."""
    now = [timezone.now().replace(second=30)]
    monkeypatch.setattr("django.utils.timezone.now", lambda: now[0])

    def move(**by: float) -> None:
        now[0] += timedelta(**by)

    return move


@pytest.mark.usefixtures("db", "clock")
def test_guesses_beyond_the_budget_cost_nothing(hashed: list[str]) -> None:
    driver, other = stock_client(), stock_client()
    for number in range(3 * BUDGET):
        assert not is_known(driver, f"guess {number}")
    assert len(hashed) == BUDGET
    assert is_known(other), "each application has a budget of its own"


@pytest.mark.usefixtures("db", "clock")
def test_client_that_was_known_before_is_not_locked_out_and_costs_one_hash(hashed: list[str]) -> None:
    driver = stock_client()
    assert is_known(driver)
    assert hashed == [CHOSEN]
    for number in range(2 * BUDGET):
        assert not is_known(driver, f"guess {number}")
    before = len(hashed)
    assert is_known(driver)
    assert len(hashed) == before


@pytest.mark.usefixtures("db")
def test_next_minute_has_a_budget_of_its_own(hashed: list[str], clock: Any) -> None:
    driver = stock_client()
    for number in range(BUDGET):
        is_known(driver, f"guess {number}")
    assert not is_known(driver)
    clock(minutes=1)
    assert is_known(driver)


@pytest.mark.usefixtures("db", "clock", "hashed")
def test_secret_that_was_known_dies_with_its_revocation_and_with_its_hash() -> None:
    driver, other = stock_client(), stock_client()
    assert is_known(driver)
    assert is_known(other)
    secrets.revoke_legacy(application=driver.application)
    assert not is_known(driver)
    type(other.application).objects.filter(pk=other.application.pk).update(client_secret="!changed")
    assert not is_known(other)


@pytest.mark.usefixtures("db", "clock", "hashed")
def test_leaked_secret_is_revoked_while_somebody_guesses() -> None:
    driver = stock_client()
    for number in range(BUDGET):
        is_known(driver, f"guess {number}")
    assert leaks.revoke_leaked(text=CHOSEN, application=driver.application).outcome == leaks.Outcome.REVOKED
