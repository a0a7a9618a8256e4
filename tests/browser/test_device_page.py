"""A device is allowed something at another screen: under axe, on a phone, by the keyboard alone, without scripts."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from provider_site.models import DeviceAuthorization
from tests import accessibility, factories
from tests.browser.gallery import ARABIC, LONG, MIXED
from tests.browser.test_keyboard_alone import press, tab_to, write
from tests.browser.test_pages_accessible import looked_at
from tests.browser.test_provider_pages import sign_in
from tests.provider.developer.browsers import confirm_address
from tests.provider.device import GRANT, TELEVISION, make_device_application
from tests.provider.driver import plant_signing_key
from tests.servers import LiveSites

pytestmark = pytest.mark.browser


@dataclass
class Television:
    """A device that has its codes, and asks whether it was allowed."""

    sites: LiveSites
    application: Any
    codes: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Ask for codes."""
        form = {"client_id": self.application.client_id, "scope": "openid nickname avatar"}
        answer = requests.post(
            f"{self.sites.provider}/o/device_authorization/", form, headers={"User-Agent": TELEVISION}, timeout=10
        )
        assert answer.status_code == 200, answer.text
        self.codes = answer.json()

    def poll(self) -> dict[str, Any]:
        """Ask for tokens."""
        DeviceAuthorization.objects.update(last_polled_at=None)
        form = {"client_id": self.application.client_id, "grant_type": GRANT, "device_code": self.codes["device_code"]}
        answer: dict[str, Any] = requests.post(f"{self.sites.provider}/o/token/", form, timeout=10).json()
        return answer


@pytest.fixture
def television(live_sites: LiveSites) -> Television:
    """Return a device of an application whose names fit no page."""
    plant_signing_key()
    owner = factories.make_user(first_name=MIXED, last_name=ARABIC)
    registered = make_device_application(owner, name=f"{LONG} {ARABIC}", client_type="public", description=MIXED)
    made = Television(live_sites, registered.application)
    made.begin()
    return made


@pytest.fixture
def person(db: None) -> Any:
    """Return somebody with an account and no nickname."""
    made = factories.make_user()
    confirm_address(made)
    return made


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_page_of_the_way_holds(
    television: Television, person: Any, new_visit: Callable[..., Any], locale: str
) -> None:
    page = new_visit(locale=locale).page
    found: list[str] = []

    def look(name: str) -> None:
        wrong = looked_at(page, is_translation=locale == "zh-CN", is_admin=False)
        found.extend(f"{name}: {one}" for one in wrong)

    sign_in(page, television.sites, person, television.codes["verification_uri_complete"])
    look("the code of the link")
    for code in ("BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF"):
        page.locator("#id_user_code").fill(code)
        page.locator("#continue").click()
    look("a wrong code")
    page.locator("#id_user_code").fill(television.codes["user_code"].lower())
    page.locator("#continue").click()
    assert page.locator(".device-code").inner_text() == television.codes["user_code"]
    look("the comparison")
    page.locator("#yes").click()
    look("the consent")
    page.locator("#allow").click()
    page.wait_for_url("**/done/")
    look("allowed")
    television.begin()
    page.goto(television.codes["verification_uri_complete"])
    page.locator("#continue").click()
    page.locator("#no").click()
    page.wait_for_url("**/done/")
    look("refused")
    page.goto(television.codes["verification_uri"])
    for _time in range(2):
        page.locator("#id_user_code").fill("GGGG-GGGG")
        page.locator("#continue").click()
    look("locked")
    assert not found, "\n".join(found)


def test_device_is_allowed_by_the_keyboard_alone(
    television: Television, person: Any, new_visit: Callable[..., Any]
) -> None:
    page = new_visit(viewport={"width": 640, "height": 480}).page
    sign_in(page, television.sites, person, television.codes["verification_uri"])
    write(page, "#id_user_code", television.codes["user_code"].replace("-", " "))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    press(page, "#yes")
    tab_to(page, "input[name=scope][value=nickname]")
    page.keyboard.press("Space")
    press(page, "#allow")
    page.wait_for_url("**/done/")
    assert television.poll()["scope"] == "openid nickname"


def test_enter_in_the_comparison_never_goes_on(
    television: Television, person: Any, new_visit: Callable[..., Any]
) -> None:
    page = new_visit().page
    sign_in(page, television.sites, person, television.codes["verification_uri_complete"])
    page.locator("#continue").click()
    assert page.locator("form.device button").first.get_attribute("value") == "no"


def test_device_is_allowed_without_scripts(television: Television, person: Any, new_visit: Callable[..., Any]) -> None:
    page = new_visit(java_script_enabled=False).page
    sign_in(page, television.sites, person, television.codes["verification_uri_complete"])
    for button in ("#continue", "#yes", "#allow"):
        page.locator(button).click()
    page.wait_for_url("**/done/")
    assert television.poll()["token_type"] == "Bearer"


def test_code_is_pasted_with_all_that_stands_around_it(
    television: Television, person: Any, new_visit: Callable[..., Any]
) -> None:
    page = new_visit().page
    sign_in(page, television.sites, person, television.codes["verification_uri"])
    page.locator("#id_user_code").focus()
    page.evaluate("text => document.execCommand('insertText', false, text)", f" {television.codes['user_code']} ")
    page.locator("#continue").click()
    page.wait_for_selector(".device-code")


def test_what_can_be_no_code_is_told_before_it_is_sent(
    television: Television, person: Any, new_visit: Callable[..., Any]
) -> None:
    page = new_visit().page
    sign_in(page, television.sites, person, television.codes["verification_uri"])
    for typed, is_valid in (("WDJB-MJHT", True), ("wdjb mjht", True), ("WDJB", False), ("", False)):
        page.locator("#id_user_code").fill(typed)
        assert page.evaluate("document.querySelector('#id_user_code').checkValidity()") is is_valid, typed


def test_pages_fit_every_width(television: Television, person: Any, new_visit: Callable[..., Any]) -> None:
    page = new_visit().page
    sign_in(page, television.sites, person, television.codes["verification_uri_complete"])
    for button, width in itertools.product(("", "#continue"), (320, 480, 768, 1024)):
        if button and page.locator(button).count():
            page.locator(button).click()
        page.set_viewport_size({"width": width, "height": 700})
        assert not accessibility.overflow(page), (button, width)
