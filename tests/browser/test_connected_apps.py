"""Connected apps are looked through and taken back by the keyboard alone, on a phone and without scripts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provider_site.models import AppProfile, Consent
from provider_site.services import profiles
from tests import factories
from tests.browser.connections import allowed, sign_ins
from tests.browser.test_keyboard_alone import press, tab_to, write
from tests.browser.test_provider_pages import overflow, sign_in
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}


@pytest.fixture
def consent(user: Any) -> Consent:
    """Return what somebody with a nickname allows an app."""
    profiles.set_nickname(user=user, nickname="林 Ada")
    made = allowed(user, factories.make_application(name="朝夕日历").application, "openid nickname offline_access")
    sign_ins(made)
    return made


@pytest.mark.parametrize(
    ("locale", "viewport", "scheme"), [("en-US", PHONE, "light"), ("zh-CN", DESK, "dark"), ("zh-CN", PHONE, "dark")]
)
def test_keyboard_alone_takes_back_one_thing_then_all(
    live_sites: LiveSites, new_visit: Callable[..., Any], consent: Consent, locale: str, viewport: Any, scheme: str
) -> None:
    page = new_visit(locale=locale, viewport=viewport, color_scheme=scheme).page
    sign_in(page, live_sites, consent.user, f"{live_sites.provider}/o/apps/")
    press(page, f"a[href='/o/apps/{consent.application_id}/']")
    assert page.locator(".shared-values").first.inner_text() == "林 Ada"
    assert overflow(page) <= 0
    title = page.locator("#scope-nickname").inner_text()
    assert page.get_by_role("button", name=title).count() == 1, "each of many such buttons names what it takes back"
    press(page, ".app-row-form:has([value=nickname]) button", "Space")
    assert page.locator(".message.success").is_visible()
    assert page.locator(".shared-values").count() == 0
    press(page, "form[action$='/sign-out/'] button")
    assert page.locator(".message.success").is_visible()
    assert page.locator(".state-alive").count() == 0
    press(page, "form[action$='/withdraw/'] button")
    assert page.locator(".nothing").is_visible()
    assert overflow(page) <= 0
    tab_to(page, ".past-record")
    consent.refresh_from_db()
    assert consent.closed_reason == "withdrawn"


def test_keyboard_alone_shows_a_connected_app_another_nickname(
    live_sites: LiveSites, new_visit: Callable[..., Any], consent: Consent
) -> None:
    page = new_visit(locale="zh-CN", viewport=PHONE).page
    sign_in(page, live_sites, consent.user, f"{live_sites.provider}/o/apps/{consent.application_id}/")
    press(page, "a[href$='/profile/']:not(nav a)")
    write(page, "#id_app_nickname", "x" * 60)
    press(page, ".app-profile-buttons .button-primary")
    assert page.locator("[role=alert]").is_visible()
    tab_to(page, "#id_app_nickname[aria-invalid=true]")
    page.keyboard.press("Control+A")
    page.keyboard.type("伯爵夫人")
    press(page, "[name=decision][value=preview]")
    assert page.locator(".app-profile-shown").inner_text() == "伯爵夫人"
    assert not AppProfile.objects.exists()
    press(page, ".app-profile-buttons .button-primary")
    assert page.locator(".shared-values").first.inner_text() == "伯爵夫人"


def test_record_is_saved_as_a_file_without_scripts(
    live_sites: LiveSites, new_visit: Callable[..., Any], consent: Consent, tmp_path: Path
) -> None:
    page = new_visit(java_script_enabled=False, accept_downloads=True).page
    sign_in(page, live_sites, consent.user, f"{live_sites.provider}/o/apps/{consent.application_id}/")
    with page.expect_download() as download:
        page.locator("a[download]").first.click()
    assert download.value.suggested_filename == f"consent-receipt-{consent.pk}.json"
    saved = tmp_path / "receipt.json"
    download.value.save_as(saved)
    assert json.loads(saved.read_text(encoding="utf-8"))["record"]["duration"] == consent.duration
