from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from consumer_site.sandbox.models import Code
from tests import accessibility, chromium
from tests.consumer.sandbox import github_visitor as github
from tests.consumer.sandbox import weixin_visitor as weixin
from tests.consumer.sandbox.visitor import APP_ID
from tests.servers import LiveSites

pytestmark = pytest.mark.browser


def authorize(sites: LiveSites, **more: str) -> str:
    callback = more.pop("redirect_uri", f"{sites.consumer}/callback/")
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    query = f"response_type=code&client_id={APP_ID}&redirect_uri={callback}&state=s{extra}"
    return f"{sites.consumer}/sandbox/qq/oauth2.0/authorize?{query}"


def every_page(sites: LiveSites) -> dict[str, list[str]]:
    """Return the pages that people see, by the words that stand at their top in Chinese whatever the language."""
    callback = f"{sites.consumer}/callback/"
    sandbox = f"{sites.consumer}/sandbox"
    website = {"appid": weixin.WEBSITE, "redirect_uri": callback, "response_type": "code", "scope": "snsapi_login"}
    octo = {"client_id": github.OAUTH_APP, "redirect_uri": callback, "scope": "read:user user:email"}
    return {
        "本机模拟器：这里没有真实的服务": [f"{sandbox}/"],
        "这不是 QQ：本机模拟器": [
            authorize(sites),
            authorize(sites, redirect_uri="http://wrong.example/"),
            f"{sandbox}/qq/behaviour/",
        ],
        "这不是微信：本机模拟器": [
            f"{sandbox}/weixin/connect/qrconnect?{urlencode(website)}",
            f"{sandbox}/weixin/connect/qrconnect?{urlencode(website | {'appid': 'wx1'})}",
            f"{sandbox}/weixin/connect/oauth2/authorize?{urlencode(website)}",
            f"{sandbox}/weixin/behaviour/",
        ],
        "这不是 GitHub：本机模拟器": [
            f"{sandbox}/github/login/oauth/authorize?{urlencode(octo)}",
            f"{sandbox}/github/behaviour/",
        ],
    }


@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("zh-CN", "dark")])
def test_pages_are_accessible_at_320_pixels_and_warn_at_the_top(
    live_emulator: LiveSites, new_visit: Callable[..., chromium.Visit], locale: str, scheme: str
) -> None:
    page = new_visit(locale=locale, color_scheme=scheme, viewport={"width": 320, "height": 640}).page
    for warning, addresses in every_page(live_emulator).items():
        for address in addresses:
            page.goto(address)
            assert accessibility.findings(page) == [], address
            assert page.locator("header", has_text=warning).bounding_box()["y"] == 0
            assert page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius") == "12px"


def test_address_s_fragment_does_not_travel_to_the_callback(live_emulator: LiveSites, page: Any) -> None:
    page.goto(every_page(live_emulator)["这不是微信：本机模拟器"][0] + "&state=s#wechat_redirect")
    page.get_by_role("radio").nth(2).check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/callback/")
    assert urlsplit(page.url).fragment == ""
    assert set(parse_qs(urlsplit(page.url).query)) == {"code", "state"}


def test_person_takes_a_scope_off_at_github(live_emulator: LiveSites, page: Any) -> None:
    page.goto(every_page(live_emulator)["这不是 GitHub：本机模拟器"][0])
    page.get_by_label("user:email").uncheck()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/callback/")
    assert Code.objects.get().scope == "read:user"


def test_keyboard_alone_chooses_and_allows(live_emulator: LiveSites, page: Any) -> None:
    page.goto(authorize(live_emulator))
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == "/callback/")
    assert set(parse_qs(urlsplit(page.url).query)) == {"code", "state"}


def test_refusal_on_a_computer_stays_and_on_a_phone_returns(live_emulator: LiveSites, page: Any) -> None:
    page.goto(authorize(live_emulator))
    page.get_by_role("button", name="Refuse").click()
    page.get_by_role("heading", name="Refused").wait_for()
    page.get_by_role("link", name="Choose again").click()
    page.get_by_role("button", name="Allow").wait_for()
    page.goto(authorize(live_emulator, display="mobile"))
    page.get_by_role("button", name="Refuse").click()
    page.wait_for_url(f"{live_emulator.consumer}/callback/?usercancel=1&state=s")


def test_mistake_on_the_switch_is_announced_and_tied_to_its_field(live_emulator: LiveSites, page: Any) -> None:
    page.goto(f"{live_emulator.consumer}/sandbox/qq/behaviour/")
    page.get_by_role("button", name="Do it").click()
    assert page.get_by_role("alert").count() == 1
    field = page.get_by_label("Error code, HTTP status, or seconds")
    assert field.get_attribute("aria-invalid") == "true"
    described_by = field.get_attribute("aria-describedby")
    assert "Give the error code." in page.locator(f"#{described_by}").inner_text()
    field.fill("100016")
    page.get_by_label("Endpoint").select_option("me")
    page.get_by_role("button", name="Do it").click()
    page.get_by_text("100016").wait_for()
