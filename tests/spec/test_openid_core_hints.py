"""OpenID Connect Core 1.0, 3.1.2.1: ``id_token_hint``, ``login_hint``, ``ui_locales``."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provider_site.services import key_life
from tests import factories
from tests.provider.driver import Driver, query
from tests.spec.test_openid_core import next_address


def test_hint_of_the_signed_in_person_answers_silently(driver: Driver) -> None:
    """3.1.2.1: with prompt=none; an expired one is as good."""
    hint = driver.tokens().body["id_token"]
    assert "code" in query(driver.authorize(prompt="none", id_token_hint=hint))


def test_hint_of_somebody_else_is_login_required(driver: Driver, registered: Any, other_user: Any) -> None:
    """3.1.2.1: an answer for another person would be a wrong one."""
    hint = driver.tokens().body["id_token"]
    others = Driver(registered, other_user)
    others.code()
    assert query(others.authorize(prompt="none", id_token_hint=hint))["error"] == "login_required"


def test_hint_of_somebody_else_asks_for_the_other_account(
    driver: Driver, registered: Any, user: Any, other_user: Any
) -> None:
    """3.1.2.1: by a click of the person's; then the answer is about whom the client meant."""
    tokens = driver.tokens()
    others = Driver(registered, other_user)
    page = others.authorize(id_token_hint=tokens.body["id_token"])
    assert page.status_code == 403
    assert b"another account" in page.content
    assert others.browser.get("/accounts/email/").status_code == 200, "still signed in"
    switch = re.search(r'action="(/o/consent/[^"]+/switch/)"', page.content.decode())
    assert switch is not None
    login = others.browser.post(switch[1])
    others.sign_in_again(user)
    answer = query(others.browser.get(next_address(login)))
    assert others.id_token(others.redeem(answer["code"]))["sub"] == driver.id_token(tokens)["sub"]


def test_signing_in_as_yet_another_person_is_login_required(driver: Driver, registered: Any, other_user: Any) -> None:
    """3.1.2.1: "otherwise, the Authorization Server MUST return an error"."""
    hint = driver.tokens().body["id_token"]
    others = Driver(registered)
    login = others.authorize(id_token_hint=hint)
    others.sign_in_again(other_user)
    assert query(others.browser.get(next_address(login)))["error"] == "login_required"


def test_hint_signed_by_the_previous_key_is_good(driver: Driver) -> None:
    """3.1.2.1, 10.1.1: rotation orphans no client."""
    hint = driver.tokens().body["id_token"]
    key_life.rotate(force=True)
    key_life.rotate(force=True)
    assert "code" in query(driver.authorize(prompt="none", id_token_hint=hint))


def test_what_is_no_id_token_of_ours_is_invalid(driver: Driver, db: None, user: Any) -> None:
    """3.1.2.1: not a text, not an altered one, not an access token, not another client's."""
    tokens = driver.tokens()
    other = Driver(factories.make_application(), user).tokens()
    hint = tokens.body["id_token"]
    header, payload, signature = hint.split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    for wrong in ("x", "", tokens.access, f"{header}.{payload}.{signature[::-1]}", unsigned, other.body["id_token"]):
        answer = query(driver.authorize(prompt="none", id_token_hint=wrong))
        assert answer.get("error") == ("invalid_request" if wrong else None), wrong


def test_login_hint_goes_to_the_sign_in_page(registered: Any) -> None:
    """3.1.2.1: and is filled in there, as text."""
    driver = Driver(registered)
    login = driver.authorize(login_hint='ada"><b>')
    assert parse_qs(urlsplit(login["Location"]).query)["login_hint"] == ['ada"><b>']
    page = driver.browser.get(login["Location"]).content.decode()
    assert 'value="ada&quot;&gt;&lt;b&gt;"' in page


def test_login_hint_signs_nobody_in_and_is_ignored_by_who_is(driver: Driver) -> None:
    """3.1.2.1: a hint."""
    driver.code()
    assert "code" in query(driver.authorize(login_hint="grace"))


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-CN", "zh-hans"),
        ("xx zh-Hans en", "zh-hans"),
        ("fr de", "en"),
        ("en", "en"),
        ("x" * 500, "en"),
        ("zh_CN", "en"),
    ],
)
def test_pages_speak_the_first_language_asked_for(registered: Any, asked: str, language: str) -> None:
    """3.1.2.1: no error for one we don't have; the pages that follow stay in it."""
    driver = Driver(registered)
    login = driver.authorize(ui_locales=asked)
    assert f'<html lang="{language}"' in driver.browser.get(login["Location"]).content.decode()


def test_language_also_of_an_error_page(db: None, registered: Any) -> None:
    """3.1.2.1."""
    answer = Driver(registered).authorize(ui_locales="zh-CN", redirect_uri="https://elsewhere.example/")
    assert '<html lang="zh-hans"' in answer.content.decode()
