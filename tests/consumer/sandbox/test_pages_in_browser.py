from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import chromium
from tests.consumer.sandbox.visitor import APP_ID
from tests.servers import LiveSites

pytestmark = pytest.mark.browser


def authorize(sites: LiveSites, **more: str) -> str:
    callback = more.pop("redirect_uri", f"{sites.consumer}/callback/")
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    query = f"response_type=code&client_id={APP_ID}&redirect_uri={callback}&state=s{extra}"
    return f"{sites.consumer}/sandbox/qq/oauth2.0/authorize?{query}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_pages_reflow_at_320_pixels_and_warn_at_the_top(
    live_emulator: LiveSites, new_visit: Callable[..., chromium.Visit], locale: str, scheme: str
) -> None:
    page = new_visit(locale=locale, color_scheme=scheme, viewport={"width": 320, "height": 640}).page
    addresses = [
        authorize(live_emulator),
        authorize(live_emulator, redirect_uri="http://wrong.example/"),
        f"{live_emulator.consumer}/sandbox/qq/behaviour/",
    ]
    for address in addresses:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.locator("h1").count() == 1
        assert page.locator("header", has_text="这不是 QQ：本机模拟器").bounding_box()["y"] == 0
        assert page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius") == "12px"
        assert page.title().strip()


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
