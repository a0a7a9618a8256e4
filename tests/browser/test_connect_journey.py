"""Somebody finds that they have two accounts here, makes them one, and signs out of everything, in a real browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model

from tests.browser.emulators import connect, press, sign_in_by, sign_out
from tests.browser.test_sign_in_journey import arrive, begin_with_provider, demo

__all__ = ["demo"]

pytestmark = pytest.mark.browser


def connected(page: Any) -> list[str]:
    """Return the nicknames on the page of accounts, in its order."""
    found: list[str] = page.locator(".rows bdi").all_inner_texts()
    return found


@pytest.mark.parametrize(("locale", "width"), [("en-US", 1200), ("zh-CN", 320)])
def test_two_accounts_become_one(demo: dict[str, Any], new_visit: Callable[..., Any], locale: str, width: int) -> None:
    """By the services' emulators and the provider, whose redirects pass every form-action on the way."""
    page = new_visit(locale=locale, viewport={"width": width, "height": 800}).page
    consumer = demo["consumer_url"]
    sign_in_by(page, consumer, "weixin", "zhangsan")
    page.locator("#id_title").fill("采莲 🌸")
    press(page, ".event-form button")
    connect(page, consumer, "github", "octo")
    page.wait_for_url(f"{consumer}/accounts/3rdparty/")
    assert connected(page) == ["张三", "Mona Octo"]
    sign_out(page, consumer)

    begin_with_provider(page, demo)
    press(page, "#allow")
    arrive(page, demo)
    assert not page.locator(".rows .title").count()
    connect(page, consumer, "github", "octo")
    page.wait_for_url(f"{consumer}/accounts/3rdparty/another/")
    assert page.locator("main ul bdi").all_inner_texts() == ["张三"]
    press(page, "button[value=merge]")
    page.wait_for_url(f"{consumer}/accounts/3rdparty/")
    assert page.locator("[role=status] .notice").count() == 1, "it is said that both are one"
    assert sorted(connected(page)) == sorted(["张三", "Mona Octo", "小明"])
    page.goto(f"{consumer}/calendar/")
    assert page.locator(".rows .title").all_inner_texts() == ["采莲 🌸"]

    press(page, "header form button")
    press(page, "button[value=provider]")
    page.wait_for_url(re.compile(re.escape(f"{consumer}/accounts/house/logout/done/")))
    for place in (f"{consumer}/calendar/", f"{demo['provider_url']}/o/apps/"):
        page.goto(place)
        assert "/accounts/login/" in page.url
    sign_in_by(page, consumer, "weixin", "zhangsan")
    assert page.locator(".rows .title").count() == 1, "either of the sign-ins opens the one account"
    owner = get_user_model().objects.get(username="xiaoming")
    assert SocialAccount.objects.filter(user=owner).count() == 3
