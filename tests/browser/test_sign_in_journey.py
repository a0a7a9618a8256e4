"""The story itself: the calendar asks, the person decides, the calendar shows what it was given."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from project import seeding
from tests.servers import LiveSites

pytestmark = pytest.mark.browser


@pytest.fixture
def demo(live_sites: LiveSites, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """Return what demo.json holds, seeded as `make demo` seeds it."""
    settings.DEBUG = True  # the emulators serve nobody without it
    return seeding.seed(path=tmp_path / "demo.json")


def account(demo: dict[str, Any], username: str) -> dict[str, Any]:
    found: dict[str, Any] = next(account for account in demo["accounts"] if account["username"] == username)
    return found


def begin_with_provider(page: Any, demo: dict[str, Any], username: str = "xiaoming") -> None:
    """Go from the calendar's sign-in page to the consent page, signing in on the way."""
    page.goto(f"{demo['consumer_url']}/accounts/login/")
    page.locator("a[href*='/house/login/'], form[action*='/house/login/'] button").first.click()
    page.wait_for_url(re.compile(r"/accounts/login/\?next="))
    page.locator("#id_login").fill(username)
    page.locator("#id_password").fill(account(demo, username)["password"])
    page.locator("#id_password").press("Enter")
    page.wait_for_url(re.compile(re.escape(f"{demo['provider_url']}/o/consent/")))


def arrive(page: Any, demo: dict[str, Any]) -> None:
    page.wait_for_url(re.compile(re.escape(f"{demo['consumer_url']}/calendar/")))


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh-hans")])
def test_person_allows_nickname_and_avatar_and_sees_both(
    demo: dict[str, Any], new_visit: Callable[..., Any], locale: str, language: str
) -> None:
    page = new_visit(locale=locale).page
    begin_with_provider(page, demo)
    assert page.locator("html").get_attribute("lang") == language
    assert page.get_by_text("小明").first.is_visible()
    assert not page.locator("input[value=avatar]").is_checked(), "an optional scope comes unticked"
    page.locator("input[value=avatar]").check()
    page.locator("#allow").click()
    arrive(page, demo)
    assert page.locator("html").get_attribute("lang") == language
    assert page.get_by_text("小明").first.is_visible()
    picture = page.locator("main img").first
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


def test_person_declines_the_avatar_and_signs_in_all_the_same(demo: dict[str, Any], page: Any) -> None:
    begin_with_provider(page, demo)
    page.locator("#allow").click()
    arrive(page, demo)
    assert page.get_by_text("小明").first.is_visible()
    assert not page.locator("main img[src*='avatar']").count()


def test_person_refuses_and_is_told_what_happened(demo: dict[str, Any], page: Any) -> None:
    begin_with_provider(page, demo)
    page.locator("#deny").click()
    page.wait_for_url(re.compile(re.escape(f"{demo['consumer_url']}/")))
    assert page.locator("h1").inner_text() == "You did not sign in"
    page.goto(f"{demo['consumer_url']}/calendar/")
    assert "/calendar/" not in page.url.split("?")[0], "nobody is signed in"


def test_second_sign_in_asks_nothing_even_through_the_login_page(
    demo: dict[str, Any], new_visit: Callable[..., Any]
) -> None:
    """The redirects from the login form to the client's own origin pass the page's form-action."""
    first = new_visit().page
    begin_with_provider(first, demo)
    first.locator("#allow").click()
    arrive(first, demo)
    second = new_visit().page
    second.goto(f"{demo['consumer_url']}/accounts/login/")
    second.locator("a[href*='/house/login/'], form[action*='/house/login/'] button").first.click()
    second.locator("#id_login").fill("xiaoming")
    second.locator("#id_password").fill(account(demo, "xiaoming")["password"])
    second.locator("#id_password").press("Enter")
    arrive(second, demo)


def test_withdrawal_at_the_provider_asks_again_next_time(demo: dict[str, Any], page: Any) -> None:
    begin_with_provider(page, demo)
    page.locator("#allow").click()
    arrive(page, demo)
    page.goto(f"{demo['provider_url']}/o/apps/")
    page.get_by_role("button", name=f"Withdraw everything from {seeding.CALENDAR}").click()
    page.goto(f"{demo['consumer_url']}/accounts/house/login/")
    if page.url.startswith(f"{demo['consumer_url']}/accounts/house/login/"):
        page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(re.escape(f"{demo['provider_url']}/o/consent/")))


def test_person_switches_account_on_the_consent_page(demo: dict[str, Any], page: Any) -> None:
    begin_with_provider(page, demo)
    page.locator("form[action$='/switch/'] button").click()
    page.wait_for_url(re.compile(r"/accounts/login/\?next="))
    page.locator("#id_login").fill("alice")
    page.locator("#id_password").fill(account(demo, "alice")["password"])
    page.locator("#id_password").press("Enter")
    page.wait_for_url(re.compile(r"/o/consent/"))
    assert page.get_by_text("Alice").first.is_visible()
    page.locator("#allow").click()
    arrive(page, demo)
    assert page.get_by_text("Alice").first.is_visible()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_person_signs_in_with_qq(demo: dict[str, Any], new_visit: Callable[..., Any], locale: str) -> None:
    page = new_visit(locale=locale).page
    page.goto(f"{demo['consumer_url']}/accounts/login/")
    assert page.get_by_text("127.0.0.1").first.is_visible(), "the page says that this QQ is an emulator"
    page.locator("a[href*='/qq/login/'], form[action*='/qq/login/'] button").first.click()
    page.wait_for_url(re.compile(r"/sandbox/qq/"))
    page.locator("input[name=person][value=penguin]").check()
    page.locator("button[value=allow]").click()
    arrive(page, demo)
    assert page.get_by_text("小企鹅").first.is_visible()


def test_provider_s_sign_in_is_not_the_calendar_s(demo: dict[str, Any], page: Any) -> None:
    begin_with_provider(page, demo)
    page.goto(f"{demo['consumer_url']}/calendar/")
    assert page.url.startswith(f"{demo['consumer_url']}/accounts/login/")
