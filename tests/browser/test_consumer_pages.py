"""Every page of the calendar and the emulators holds under axe and fits 320 pixels: both languages, light and dark."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from tests import accessibility
from tests.browser import consumer_pages
from tests.browser.consumer_pages import Stop
from tests.browser.emulators import sign_in_by
from tests.browser.test_pages_accessible import AT_DESK, DESK, PHONE, TRANSLATED
from tests.browser.test_sign_in_journey import demo

__all__ = ["demo"]

pytestmark = pytest.mark.browser


class Looker:
    """Look at page after page on a light phone and on a dark desk."""

    def __init__(self, page: Any, consumer: str, *, is_translation: bool) -> None:
        self.page, self.consumer, self.is_translation = page, consumer, is_translation
        self.found: dict[str, list[str]] = {}
        self.light: set[int] = set()
        self.dark: set[int] = set()

    def look(self, stops: list[Stop]) -> None:
        """Reach every page, and keep what is wrong with it."""
        for stop in stops:
            stop.reach(self.page, self.consumer)
            lang = self.page.locator("html").get_attribute("lang")
            assert lang == ("zh-hans" if self.is_translation else "en"), stop.name
            if wrong := self._wrong():
                self.found[stop.name] = wrong

    def _wrong(self) -> list[str]:
        self.page.set_viewport_size(PHONE)
        self.page.emulate_media(color_scheme="light")
        phone = accessibility.findings(self.page, rules=TRANSLATED if self.is_translation else [], looked=self.light)
        self.page.set_viewport_size(DESK)
        self.page.emulate_media(color_scheme="dark")
        # The structure is that of the phone, and the colours are those of the other language.
        desk = [] if self.is_translation else accessibility.violations(self.page, rules=AT_DESK, looked=self.dark)
        desk += accessibility.overflow(self.page)
        return [f"phone: {one}" for one in phone] + [f"desk: {one}" for one in desk]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_pages_hold(demo: dict[str, Any], new_visit: Callable[..., Any], locale: str) -> None:
    consumer_pages.name_providers()
    visit, consumer = new_visit(locale=locale), demo["consumer_url"]
    looker = Looker(visit.page, consumer, is_translation=locale == "zh-CN")
    looker.look(consumer_pages.ANYBODY)
    sign_in_by(visit.page, consumer, "github", consumer_pages.PERSON)
    consumer_pages.spoil(SocialAccount.objects.get(provider="github"))
    looker.look(consumer_pages.PERSONS)
    assert not looker.found, "\n".join(f"{name}: {one}" for name, wrong in looker.found.items() for one in wrong)
