"""A person signs out of the calendar, and of the provider with it, in a real browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests import accessibility
from tests.browser.test_sign_in_journey import arrive, begin_with_provider, demo

__all__ = ["demo"]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("locale", "width"), [("en-US", 320), ("zh-CN", 1200)])
def test_person_signs_out_here_and_at_the_provider(
    demo: dict[str, Any],
    new_visit: Callable[..., Any],
    locale: str,
    width: int,
) -> None:
    """The redirects pass the page's form-action, the provider's page may frame ours, and leads back by itself."""
    page = new_visit(locale=locale, viewport={"width": width, "height": 800}).page
    begin_with_provider(page, demo)
    page.locator("#allow").click()
    arrive(page, demo)
    page.locator("header form button").click()
    page.wait_for_url(f"{demo['consumer_url']}/accounts/logout/")
    assert accessibility.findings(page) == []
    page.locator("button[value=provider]").click()
    page.wait_for_url(re.compile(re.escape(f"{demo['consumer_url']}/accounts/house/logout/done/?state=")))
    assert accessibility.findings(page) == []
    assert page.locator("main bdi").count() == 1, "the page names the provider, and no doubt of it"
    for place in (f"{demo['consumer_url']}/calendar/", f"{demo['provider_url']}/o/apps/"):
        page.goto(place)
        assert "/accounts/login/" in page.url
