"""Defect 13: secrets are hashed slowly, before anybody is known; a lost hasher makes the hash the secret."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from provider_site.models import ClientSecret
from tests.defects.stock.driver import StockDriver
from tests.provider.driver import Driver

PBKDF2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


@pytest.fixture
def hashed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hash as Django does by default, a million times cheaper; return the list of what was hashed."""
    settings.PASSWORD_HASHERS = [PBKDF2]
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)
    monkeypatch.setattr(PBKDF2PasswordHasher, "must_update", lambda *_args: False)
    seen: list[str] = []
    encode: Callable[..., str] = PBKDF2PasswordHasher.encode

    def counted(self: Any, password: str, *args: Any, **kwargs: Any) -> str:
        seen.append(password)
        return encode(self, password, *args, **kwargs)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    return seen


def guess(client: Driver, **form: str) -> Any:
    """Ask for tokens with a secret that somebody guessed."""
    headers = client.basic(secret="guessed")
    return client.token(headers=headers, grant_type="refresh_token", refresh_token="x", **form)


def test_secrets_are_never_hashed_slowly(hashed: list[str], driver: Driver) -> None:
    driver.tokens()
    assert guess(driver).error == "invalid_client"
    client_id = driver.application.client_id
    assert guess(driver, client_id=client_id, client_secret="guessed too").status in {400, 401}
    assert "guessed" not in hashed
    assert "guessed too" not in hashed
    assert driver.secret not in hashed


def test_every_call_to_stock_dot_hashes_slowly(hashed: list[str], stock: StockDriver) -> None:
    stock.tokens()
    assert hashed.count(stock.secret) == 2  # one where it was stored, one in the call
    assert guess(stock).error == "invalid_client"
    assert hashed[-1] == "guessed"


def test_one_call_to_stock_dot_hashes_twice(hashed: list[str], stock: StockDriver) -> None:
    hashed.clear()
    assert guess(stock, client_id=stock.application.client_id, client_secret="guessed too").error == "invalid_client"
    assert hashed == ["guessed", "guessed too"]


# A hasher that was in PASSWORD_HASHERS and is no more.


def is_known(client: Driver, secret: str) -> bool:
    """Tell whether the token endpoint takes the secret for the client's; what is asked for is refused either way."""
    answer = client.token(headers=client.basic(secret=secret), grant_type="refresh_token", refresh_token="x")
    assert answer.error in {"invalid_client", "invalid_grant"}, answer.body
    return answer.error == "invalid_grant"


def lose_the_hasher(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]


def test_nothing_stored_is_a_secret_when_a_hasher_is_lost(settings: Any, driver: Driver) -> None:
    lose_the_hasher(settings)
    driver.application.refresh_from_db()
    stored = [driver.application.client_secret]
    for row in ClientSecret.objects.filter(application=driver.application).values():
        stored += [str(value) for value in row.values() if value]
    assert not any(is_known(driver, text) for text in stored if text)
    assert is_known(driver, driver.secret)


def test_slow_hash_taken_over_is_no_secret_when_its_hasher_is_lost(settings: Any, driver: Driver) -> None:
    """An application as stock DOT left it."""
    ClientSecret.objects.filter(application=driver.application).delete()
    stored = hashers.make_password("chosen", hasher="md5")
    type(driver.application).objects.update(client_secret=stored, hash_client_secret=True)
    lose_the_hasher(settings)
    assert not is_known(driver, stored)


def test_stored_hash_is_the_secret_of_stock_dot_when_its_hasher_is_lost(settings: Any, stock: StockDriver) -> None:
    stored = stock.application.client_secret
    assert stored != stock.secret
    assert not is_known(stock, stored)
    lose_the_hasher(settings)
    assert is_known(stock, stored)
    assert not is_known(stock, stock.secret)
