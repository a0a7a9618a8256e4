"""The admin's pages of sign-in providers under axe, on a phone and a desk, and the button that copies an address."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp

from consumer_site.openid import client_keys
from tests import accessibility, factories
from tests.browser.excuses import DJANGOS
from tests.browser.test_pages_accessible import looked_at
from tests.browser.test_provider_pages import LONG_NAME, sign_in
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

LIST = "/admin/consumer_site/signinprovider/"
KEYS = "/admin/consumer_site/clientkey/"


@pytest.fixture
def entries(live_sites: LiveSites, settings: Any) -> list[Any]:
    """Return ugly entries: twice the same, a long name, an emulator's, a secret that can't be opened."""
    client_keys.make(algorithm="ES256")
    sandbox = {"QQ_APPS": {"100000001": {}}}
    house = {"server_url": "https://id.example.com", "client_id": "c" * 190}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "SANDBOX": sandbox, "HOUSE": house}
    server_url = f"https://{'sub.' * 40}example.com/"
    rows = [
        {"provider": "house", "name": LONG_NAME[:40], "settings": {"server_url": server_url, "sealed_secret": "x"}},
        {"provider": "house", "name": "مرحبا", "settings": {"server_url": server_url}},
        {"provider": "qq", "client_id": "100000001", "name": "QQ", "secret": "in clear"},
    ]
    return [SocialApp.objects.create(**({"client_id": "w" * 190} | row)) for row in rows]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_pages_hold(live_sites: LiveSites, entries: list[Any], new_visit: Callable[..., Any], locale: str) -> None:
    visit = new_visit(locale=locale, permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    sign_in(page, live_sites, factories.make_staff("root"), f"{live_sites.provider}/o/profile/")
    found = {}
    addresses = [LIST, f"{LIST}add/", f"{LIST}add/?kind=house", f"{LIST}{entries[0].pk}/change/", KEYS, f"{KEYS}make/"]
    for address in [*addresses, f"{LIST}{entries[0].pk}/change/#test"]:
        page.goto(f"{live_sites.provider}{address}")
        if address.endswith("#test"):
            with page.expect_navigation():
                page.locator("form[action$='/test/'] button").click()
        wrong = looked_at(page, is_translation=locale == "zh-CN", is_admin=True)
        if wrong:
            found[address] = wrong
    assert not found, found
    page.goto(f"{live_sites.provider}{LIST}add/?kind=qq")
    page.locator("button[data-copy=address-callback]").click()
    page.locator(".consumer-copy [role=status]:not(:empty)").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{live_sites.consumer}/accounts/qq/login/callback/"
    with page.expect_navigation():
        page.locator("[name=_save]").click()
    page.set_viewport_size({"width": 320, "height": 640})
    mistake = page.locator(".errornote").evaluate("element => element.getBoundingClientRect().bottom < innerHeight")
    assert mistake, "the help stands between the person and the mistakes"
    assert accessibility.violations(page, excused=DJANGOS) == []
