"""The consent page at its fullest holds under axe, at every width, by the keyboard alone, and without scripts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from provider_site.models import ApplicationScope, AppProfile, Consent
from provider_site.policy.facts import Facts
from provider_site.services import facts, profiles
from tests import factories
from tests.browser.gallery import ARABIC, LONG, MIXED
from tests.browser.test_keyboard_alone import tab_to
from tests.browser.test_pages_accessible import looked_at
from tests.browser.test_provider_pages import CALLBACK_PATH, answer, png, sign_in
from tests.provider.driver import plant_signing_key
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

SCOPES = {
    "notes": {"title": f"{MIXED} lesen", "description": f"{LONG} " * 2, "claims": ("nickname",)},
    "diary": {"title": f"{ARABIC} {LONG}", "description": "读取并更改您的日程。", "writes": True, "sensitive": True},
    "photos": {"title": LONG, "writes": True},
}
ASKED = "openid unionid nickname avatar email diary photos"
CLAIM = f"{LONG} {MIXED} " + "Because we want to. " * 8


@dataclass
class Stage:
    """An application whose consent page has everything a consent page can have, and the person who is asked."""

    sites: LiveSites
    person: Any
    application: Any

    def address(self, **changes: str) -> str:
        """Return the authorization request."""
        parameters = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.application.redirect_uris.split()[0],
            "scope": ASKED,
            "state": "state-1",
            "code_challenge": "a" * 43,
            "code_challenge_method": "S256",
        }
        return f"{self.sites.provider}/o/authorize/?{urlencode(parameters | changes)}"


@pytest.fixture
def stage(live_sites: LiveSites, settings: Any) -> Stage:
    """Let a person have allowed something 100 days ago to an app that has changed since."""
    plant_signing_key()
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "SCOPES": SCOPES, "MAX_CONSENT_DAYS": 200}
    person = factories.make_user("an_account_name_that_never_comes_to_its_end_0123456789")
    scopes = dict.fromkeys([*ASKED.split(), "notes", "offline_access"], False) | {"openid": True, "email": True}
    application = factories.make_application(
        name=LONG, redirect_uris=[f"{live_sites.consumer}{CALLBACK_PATH}"], scopes=scopes
    ).application
    ApplicationScope.objects.exclude(scope="openid").update(justification=CLAIM[:300])
    Consent.objects.create(
        user=person,
        application=application,
        scope="openid nickname email notes offline_access",
        declined_scope="avatar",
        duration="365",
        facts=facts.identity(application=application),
        wording_version="1",
        given_at=timezone.now() - timedelta(days=100),
    )
    return Stage(live_sites, person, application)


def change(application: Any) -> None:
    """Let the application be another one than the person allowed."""
    known = facts.read(application=application).to_json()
    known |= {"name": f"{ARABIC} {LONG}", "homepage_url": f"https://{'a' * 60}.example.com/{'path' * 20}"}
    known["redirect_uris"] = [*known["redirect_uris"], f"https://{'b' * 60}.example.com/{'path' * 20}"]
    facts.write(application=application, facts=Facts.from_json(known))


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_page_with_everything_on_it_holds(stage: Stage, new_visit: Callable[..., Any], locale: str) -> None:
    from playwright.sync_api import expect  # only browser tests need it installed

    page = new_visit(locale=locale).page
    found = {}

    def look(name: str) -> None:
        if wrong := looked_at(page, is_translation=locale == "zh-CN", is_admin=False):
            found[name] = wrong

    sign_in(page, stage.sites, stage.person, stage.address())
    assert page.locator(".already-held li").count() == 2
    assert page.locator(".badge-new").count() == 3
    marks = page.locator("li:has(#scope-diary) .badge").all_inner_texts()
    described = re.compile(rf"^{'.*'.join(marks)}.*读取并更改您的日程。", re.DOTALL)
    expect(page.locator("#scope-diary")).to_have_accessible_description(described)
    look("something new")
    change(stage.application)
    page.goto(stage.address())
    assert page.locator(".reason-changes > div").count() == 3
    page.locator(".app-profile > summary").click()
    look("another application")
    page.locator("#id_app_nickname").fill("x" * 60)
    page.locator("#id_app_picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png("teal")})
    page.locator("#allow").click()
    expect(page.locator("#id_app_nickname")).to_have_accessible_description(
        " ".join(page.locator(f"#id_app_nickname_{part}").inner_text() for part in ("helptext", "error"))
    )
    assert page.locator(".app-picture-kept img").is_visible()
    look("wrong nickname")
    page.goto(f"{stage.sites.provider}/o/apps/{stage.application.pk}/profile/")
    page.locator(".app-profile-buttons .button").first.wait_for()
    look("nickname and avatar for the app")
    assert not found, "\n".join(f"{name}: {one}" for name, wrong in found.items() for one in wrong)


def test_keyboard_alone_shows_the_app_another_nickname(stage: Stage, new_visit: Callable[..., Any]) -> None:
    profiles.set_nickname(user=stage.person, nickname="Ada")
    page = new_visit(viewport={"width": 640, "height": 480}).page
    sign_in(page, stage.sites, stage.person, stage.address())
    tab_to(page, "#scope-photos")
    page.keyboard.press("Space")
    tab_to(page, ".app-profile > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#id_app_nickname")
    page.keyboard.type("Countess")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # shows what the app would get, and decides nothing
    assert page.locator("#scope-nickname-values").inner_text() == "Countess"
    assert page.locator("#scope-photos").is_checked()
    assert not AppProfile.objects.exists()
    tab_to(page, "#allow")
    page.keyboard.press("Enter")
    assert "code" in answer(page)
    assert AppProfile.objects.get().nickname == "Countess"
    assert "photos" in Consent.objects.get().scopes


def test_another_picture_is_chosen_without_scripts(stage: Stage, new_visit: Callable[..., Any]) -> None:
    page = new_visit(java_script_enabled=False).page
    sign_in(page, stage.sites, stage.person, stage.address())
    page.locator(".app-profile > summary").click()
    page.get_by_label("Another picture").check()
    page.locator("#id_app_picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png("teal")})
    page.locator(".app-profile-preview").click()
    assert page.locator("#scope-avatar-values img").get_attribute("src").startswith("data:image/png")
    page.locator("#scope-avatar").check()
    page.locator("#allow").click()
    assert "code" in answer(page)
    row = AppProfile.objects.get()
    assert (row.avatar_choice, bool(row.avatar)) == (AppProfile.Avatar.OTHER, True)
