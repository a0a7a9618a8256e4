"""Defect 4: eight parameters of the authorization request are ignored."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator

from provider_site.services import profiles
from tests import factories
from tests.defects.stock.driver import StockDriver
from tests.defects.stock.wiring import stock_dot
from tests.provider.driver import REDIRECT, Driver, query

ONE_HOUR = 3600


def page_of(client: Driver, answer: Any) -> Any:
    """Return the page that the provider shows the person first."""
    return answer if answer.status_code == 200 else client.browser.get(answer["Location"])


def wants_sign_in(answer: Any) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/")


def told(tokens: Any) -> dict[str, Any]:
    """Return the claims of an ID token, which is verified elsewhere."""
    claims: dict[str, Any] = jwt.decode(tokens.body["id_token"], options={"verify_signature": False})
    return claims


# max_age


def test_sign_in_longer_ago_than_max_age_is_asked_for_anew(driver: Driver) -> None:
    driver.code()
    session = driver.browser.session
    session["provider_site.auth_time"] -= ONE_HOUR
    session.save()
    assert "code" in query(driver.authorize(max_age="7200"))
    assert wants_sign_in(driver.authorize(max_age="60"))
    assert query(driver.authorize(max_age="60", prompt="none"))["error"] == "login_required"


def test_max_age_is_ignored_by_stock_dot(stock: StockDriver, user: Any) -> None:
    type(user).objects.update(last_login=timezone.now() - timedelta(seconds=ONE_HOUR))
    asked = stock.request_parameters(max_age="60")
    assert stock.browser.get("/o/authorize/", asked).status_code == 200
    claims = told(stock.redeem(query(stock.allow(asked))["code"]))
    assert claims["iat"] - claims["auth_time"] >= ONE_HOUR


# login_hint


def test_login_hint_is_filled_in_at_the_sign_in_page(driver: Driver) -> None:
    driver.sign_out()
    page = page_of(driver, driver.authorize(login_hint="grace@example.com"))
    assert 'value="grace@example.com"' in page.content.decode()


def test_login_hint_is_ignored_by_stock_dot(stock: StockDriver) -> None:
    """It stays in the address to come back to, which the sign-in page has no reason to read."""
    stock.browser.logout()
    answer = stock.authorize(login_hint="grace@example.com")
    assert answer["Location"].startswith("/accounts/login/?next=")
    assert "&login_hint" not in answer["Location"]
    stock.sign_in_again(factories.make_user("alan"))
    with_hint = stock.authorize(login_hint="grace@example.com")
    assert without_token(with_hint) == without_token(stock.authorize())


def without_token(page: Any) -> str:
    """Return the text of a page of stock DOT's, without what differs each time."""
    assert page.status_code == 200
    lines = page.content.decode().splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)


# The value select_account of prompt.


def test_select_account_offers_another_account(driver: Driver) -> None:
    driver.tokens()
    page = page_of(driver, driver.authorize(prompt="select_account"))
    assert "/switch/" in page.content.decode()


def test_select_account_is_ignored_by_stock_dot(db: None, user: Any) -> None:
    with stock_dot(REQUEST_APPROVAL_PROMPT="auto"):
        stock = StockDriver(user)
        stock.tokens()
        assert "code" in query(stock.authorize(prompt="select_account"))


# The value consent of prompt.


def test_prompt_consent_asks_always(driver: Driver) -> None:
    driver.tokens()
    assert driver.authorize(prompt="consent")["Location"].startswith("/o/consent/")


def test_prompt_consent_is_ignored_by_stock_dot(db: None, user: Any) -> None:
    with stock_dot(REQUEST_APPROVAL_PROMPT="auto"):
        stock = StockDriver(user)
        stock.tokens()
        assert "code" in query(stock.authorize(prompt="consent"))


# response_mode


def test_form_post_answers_by_a_form(driver: Driver) -> None:
    driver.tokens()
    answer = driver.authorize(response_mode="form_post")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert f'action="{REDIRECT}"' in page
    assert 'name="code"' in page


@pytest.mark.parametrize("mode", ["fragment", "web_message"])
def test_unknown_response_mode_is_refused(driver: Driver, mode: str) -> None:
    assert query(driver.authorize(response_mode=mode))["error"] == "invalid_request"


@pytest.mark.parametrize("mode", ["form_post", "web_message"])
def test_response_mode_is_ignored_by_stock_dot(stock: StockDriver, mode: str) -> None:
    assert "code" in query(stock.allow(stock.request_parameters(response_mode=mode)))


# ui_locales


def test_ui_locales_choose_the_language(driver: Driver) -> None:
    page = page_of(driver, driver.authorize(ui_locales="zh-CN en"))
    assert '<html lang="zh-hans"' in page.content.decode()


def test_ui_locales_are_ignored_by_stock_dot(stock: StockDriver) -> None:
    page = stock.authorize(ui_locales="zh-CN en")
    assert page.headers["Content-Language"] == "en"
    assert without_token(page) == without_token(stock.authorize())


# request and request_uri


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_request_object_is_refused_by_its_error(driver: Driver, name: str) -> None:
    value = "eyJhbGciOiJub25lIn0.e30." if name == "request" else "https://app.example.com/request.jwt"
    answer = query(driver.authorize(**{name: value}))
    assert (answer["error"], answer["state"]) == (f"{name}_not_supported", "state-1")


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_request_object_is_ignored_by_stock_dot(stock: StockDriver, name: str) -> None:
    other = jwt.encode({"scope": "openid write", "state": "of the object"}, "x" * 32, algorithm="HS256")
    value = other if name == "request" else "https://app.example.com/request.jwt"
    asked = stock.request_parameters(**{name: value})
    assert stock.browser.get("/o/authorize/", asked).status_code == 200
    assert query(stock.allow(asked))["state"] == "state-1"


# claims

NICKNAME = json.dumps({"id_token": {"nickname": None}, "userinfo": {"nickname": None}})


class Telling(OAuth2Validator):
    """What DOT's documentation has a host write to tell more than the subject."""

    def get_additional_claims(self) -> dict[str, Any]:
        """Tell a nickname, where the scope it belongs to was granted."""
        return {"nickname": lambda request: request.user.get_username()}


@pytest.fixture
def telling_stock(db: None, user: Any) -> Iterator[StockDriver]:
    """Return an application at a stock DOT that knows nicknames."""
    with stock_dot(OAUTH2_VALIDATOR_CLASS="tests.defects.test_04_ignored_parameters.Telling"):
        yield StockDriver(user)


def test_claims_are_asked_for_and_told(signing_key: None, user: Any) -> None:
    profiles.set_nickname(user=user, nickname="Countess")
    driver = Driver(factories.make_application(scopes={"openid": True, "nickname": False}), user)
    code = driver.code(scope="openid", claims=NICKNAME, scopes=["claim:nickname"])
    tokens = driver.redeem(code)
    assert driver.id_token(tokens)["nickname"] == "Countess"
    assert driver.userinfo(tokens.access).json()["nickname"] == "Countess"


def test_claims_are_ignored_by_stock_dot(telling_stock: StockDriver) -> None:
    tokens = telling_stock.tokens(scope="openid", claims=NICKNAME)
    assert "nickname" not in told(tokens)
    assert "nickname" not in telling_stock.userinfo(tokens.access).json()


def another(subject: str) -> str:
    return json.dumps({"id_token": {"sub": {"value": subject}}})


def test_answer_is_about_the_person_asked_for_or_an_error(driver: Driver, registered: Any, other_user: Any) -> None:
    """OpenID Core 5.5.1, 3.1.2.1: never with another person's tokens."""
    subject = driver.id_token(driver.tokens())["sub"]
    others = Driver(registered, other_user)
    others.code()
    assert query(driver.authorize(claims=another(subject), prompt="none")).get("code")
    assert query(others.authorize(claims=another(subject), prompt="none"))["error"] == "login_required"


def test_stock_dot_answers_about_another_person_than_asked_for(stock: StockDriver, user: Any) -> None:
    tokens = stock.tokens(claims=another("somebody-else"))
    assert told(tokens)["sub"] == str(user.pk)
