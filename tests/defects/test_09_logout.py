"""Defect 9: an old ID token ends everything of a person, a wrong client breaks logout, a rotated key refuses a hint."""

from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import get_access_token_model, get_application_model

from provider_site.services import key_life
from tests import factories
from tests.defects.stock.driver import StockDriver, failure, new_client
from tests.defects.stock.wiring import make_rsa_key, rsa_key, stock_dot
from tests.provider.driver import ISSUER_HOST, Driver

LOGOUT = "/o/logout/"


def stranger() -> Client:
    """Return a browser that nobody is signed in at."""
    return Client(headers={"host": ISSUER_HOST})


# An anonymous GET with a token that may be years old.


@pytest.mark.parametrize("answer", [None, {"allow": "1"}, {"answer": "yes"}])
def test_anonymous_logout_ends_nothing(driver: Driver, user: Any, answer: dict[str, str] | None) -> None:
    first = driver.tokens()
    other = Driver(factories.make_application(), user)
    second = other.tokens()
    browser = stranger()
    page = browser.get(LOGOUT, {"id_token_hint": first.body["id_token"]})
    assert page.status_code < 500
    if answer is not None:
        browser.post(LOGOUT, {"id_token_hint": first.body["id_token"], **answer})
    assert driver.works(first.access)
    assert other.works(second.access)
    assert driver.refresh(first.refresh).status == 200
    assert driver.browser.get("/o/apps/").status_code == 200  # the person is signed in still


def test_anonymous_logout_at_stock_dot_ends_a_persons_tokens_at_every_app(stock: StockDriver, user: Any) -> None:
    first = stock.tokens()
    other = StockDriver(user)
    second = other.tokens()
    new_client().get(LOGOUT, {"id_token_hint": first.body["id_token"]})
    assert not get_access_token_model().objects.filter(user=user).exists()
    assert not stock.works(first.access)
    assert not other.works(second.access)
    assert other.refresh(second.refresh).error == "invalid_grant"


# A client that is none.


@pytest.mark.parametrize("signed_in", [True, False])
def test_unknown_client_is_an_error_page(driver: Driver, signed_in: bool) -> None:
    browser = driver.browser if signed_in else stranger()
    answer = browser.get(LOGOUT, {"client_id": "bogus", "post_logout_redirect_uri": "https://evil.example/"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.headers.get("Location", "")
    assert driver.works(driver.tokens().access)


def test_unknown_client_breaks_logout_at_stock_dot(stock: StockDriver) -> None:
    answer = stock.browser.get(LOGOUT, {"client_id": "bogus"})
    assert failure(answer) is get_application_model().DoesNotExist


# A hint that was signed before the keys changed.


def test_hint_of_an_earlier_key_is_believed(driver: Driver) -> None:
    hint = driver.tokens().body["id_token"]
    key_life.rotate(force=True)
    key_life.rotate(force=True)
    assert driver.id_token(driver.tokens())  # by another key now
    answer = driver.browser.get(LOGOUT, {"id_token_hint": hint})
    assert answer.status_code in {200, 302, 303}
    assert stranger().get(LOGOUT, {"id_token_hint": "not." + hint}).status_code == 400


def test_hint_of_an_earlier_key_is_refused_by_stock_dot(db: None, user: Any) -> None:
    with stock_dot():
        stock = StockDriver(user)
        hint = stock.tokens().body["id_token"]
        assert stock.browser.get(LOGOUT, {"id_token_hint": hint}).status_code == 200
    with stock_dot(OIDC_RSA_PRIVATE_KEY=make_rsa_key(), OIDC_RSA_PRIVATE_KEYS_INACTIVE=[rsa_key()]):
        published = stock.backchannel.get("/o/.well-known/jwks.json").json()["keys"]
        assert len(published) == 2
        assert stock.browser.get(LOGOUT, {"id_token_hint": hint}).status_code == 400
