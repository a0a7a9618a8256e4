"""Every page holds under axe and fits its window: English and Chinese, phone and desk, light and dark, ugly data."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import accessibility
from tests.browser import pages
from tests.browser.excuses import DJANGOS
from tests.browser.gallery import Gallery, scopes
from tests.browser.test_provider_pages import sign_in
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

# With the six standard ones: what people are asked for and have allowed is shown with sixty. The forms and lists of
# developers and staff have a row for each, and a row more of the same kind is nothing new to look at.
SIXTY, A_FEW = 54, 6
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}


@pytest.fixture
def gallery(live_sites: LiveSites, settings: Any, kind: str) -> Gallery:
    """Return the rows all pages are looked at with."""
    known = scopes(SIXTY if kind in {"person", "connected"} else A_FEW)
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "SCOPES": known, "WHO_MAY_REGISTER": "everyone"}
    return Gallery(live_sites, known)


# What depends on the colour scheme and on the width; the structure of a page does not.
AT_DESK = ["color-contrast", "link-in-text-block", "target-size"]
# What a translation can spoil: names and texts that are missing, and targets that shrink with their words.
TRANSLATED = ["button-name", "document-title", "html-has-lang", "html-lang-valid", "image-alt", "label", "link-name"]
TRANSLATED += ["valid-lang", "target-size", "landmark-unique", "heading-order", "empty-heading"]


def looked_at(
    page: Any, *, is_translation: bool, is_admin: bool, light: set[int] | None = None, dark: set[int] | None = None
) -> list[str]:
    """Return what is wrong with the page on a light phone and on a dark desk; add its styles to those known of each."""
    excused = DJANGOS if is_admin else {}
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")
    rules = TRANSLATED if is_translation else []
    phone = accessibility.findings(page, rules=rules, excused=excused, looked=light)
    found = [f"phone: {finding}" for finding in phone]
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="dark")
    if not is_translation:
        desk = accessibility.violations(page, rules=AT_DESK, excused=excused, looked=dark)
        found += [f"desk: {finding}" for finding in desk]
    return found + [f"desk: {finding}" for finding in accessibility.overflow(page)]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("kind", list(pages.ALL))
def test_pages_hold(gallery: Gallery, new_visit: Callable[..., Any], kind: str, locale: str) -> None:
    who, stops = pages.ALL[kind]
    page = new_visit(locale=locale).page
    if who:
        sign_in(page, gallery.sites, getattr(gallery, who), f"{gallery.sites.provider}/o/profile/")
    found = {}
    light: set[int] = set()
    dark: set[int] = set()
    for stop in stops:
        stop.reach(page, gallery)
        assert page.locator("html").get_attribute("lang") == {"en-US": "en", "zh-CN": "zh-hans"}[locale], stop.name
        is_translation, is_admin = locale == "zh-CN", who == "staff"
        wrong = looked_at(page, is_translation=is_translation, is_admin=is_admin, light=light, dark=dark)
        if wrong:
            found[stop.name] = wrong
    assert not found, "\n".join(f"{name}: {one}" for name, wrong in found.items() for one in wrong)
