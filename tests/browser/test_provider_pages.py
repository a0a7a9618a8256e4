"""The provider's pages for people hold under a keyboard, a narrow screen, ugly names, and without scripts."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from PIL import Image

from provider_site.models import Consent
from provider_site.services import profiles
from tests import factories
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

# A page the consumer's host does not have: all that matters is which query the browser brings there.
CALLBACK_PATH = "/no-such-page/"
SCOPES = {"openid": True, "nickname": False, "avatar": False, "profile": False, "email": False, "offline_access": False}
LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte"
MAX_STOPS = 60


def png(colour: str) -> bytes:
    output = BytesIO()
    Image.new("RGB", (400, 300), colour).save(output, "PNG")
    return output.getvalue()


def register(sites: LiveSites, **overrides: Any) -> Any:
    facts = {"redirect_uris": [f"{sites.consumer}{CALLBACK_PATH}"], "scopes": SCOPES}
    return factories.make_application(**(facts | overrides)).application


def authorize_url(sites: LiveSites, application: Any, **changes: str) -> str:
    parameters = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uris.split()[0],
        "scope": " ".join(SCOPES),
        "state": "state-1",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    return f"{sites.provider}/o/authorize/?{urlencode(parameters | changes)}"


def sign_in(page: Any, sites: LiveSites, user: Any, destination: str) -> None:
    """Open `destination` by way of the sign-in page."""
    user.emailaddress_set.get_or_create(email=user.email, defaults={"verified": True, "primary": True})
    page.goto(destination)
    page.locator("#id_login").fill(user.username)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def answer(page: Any) -> dict[str, list[str]]:
    """Return what the client was sent."""
    page.wait_for_url(f"**{CALLBACK_PATH}?**")
    return parse_qs(urlsplit(page.url).query)


def tab_to(page: Any, element_id: str, key: str = "Tab") -> None:
    """Press `key` until the element has the focus; fail where a stop on the way cannot be seen to have it."""
    for _stop in range(MAX_STOPS):
        page.keyboard.press(key)
        found, outline, top, bottom, height = page.evaluate(
            """() => {
                const active = document.activeElement, box = active.getBoundingClientRect();
                return [active.id, getComputedStyle(active).outlineStyle, box.top, box.bottom, innerHeight];
            }"""
        )
        assert outline != "none", f"the focus on {found or 'an element'} is not visible"
        assert bottom > 0
        assert top < height, "the focus is off the screen"
        if found == element_id:
            return
    pytest.fail(f"{element_id} is not reached by {key}")


def overflow(page: Any) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_keyboard_alone_allows_one_scope_and_declines_the_rest(live_sites: LiveSites, user: Any, page: Any) -> None:
    application = register(live_sites)
    sign_in(page, live_sites, user, authorize_url(live_sites, application))
    tab_to(page, "scope-nickname")
    page.keyboard.press("Space")
    # Arrow keys move within the radio buttons, which are one stop.
    tab_to(page, "duration-30")
    page.keyboard.press("ArrowUp")
    assert page.locator("#duration-1").is_checked()
    tab_to(page, "allow")
    page.keyboard.press("Enter")
    assert "code" in answer(page)
    consent = Consent.objects.get(user=user, application=application)
    assert consent.scopes == {"openid", "nickname"}
    assert consent.declined_scopes == SCOPES.keys() - {"openid", "nickname"}
    assert consent.ends_at is not None
    assert (consent.ends_at - consent.given_at).days == 1


def test_enter_in_a_field_never_allows(live_sites: LiveSites, user: Any, page: Any) -> None:
    """Where there is a field to write in, it shows the page again, as it was filled in; else it denies."""
    application = register(live_sites)
    sign_in(page, live_sites, user, authorize_url(live_sites, application))
    tab_to(page, "scope-nickname")
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("#scope-nickname").is_checked()
    page.goto(authorize_url(live_sites, application, scope="openid email"))
    tab_to(page, "scope-email")
    page.keyboard.press("Enter")
    assert answer(page)["error"] == ["access_denied"]
    assert not Consent.objects.filter(user=user, application=application).exists()


def test_allow_and_deny_weigh_the_same(live_sites: LiveSites, user: Any, page: Any) -> None:
    sign_in(page, live_sites, user, authorize_url(live_sites, register(live_sites)))
    looks = [
        page.locator(f"#{name}").evaluate(
            """element => {
                const style = getComputedStyle(element), box = element.getBoundingClientRect();
                const {color, backgroundColor, borderColor, fontSize, fontWeight} = style;
                return [color, backgroundColor, borderColor, fontSize, fontWeight, box.height, Math.round(box.width)];
            }"""
        )
        for name in ("allow", "deny")
    ]
    assert looks[0] == looks[1]
    assert looks[0][5] >= 44


@pytest.mark.parametrize("nickname", ["W" * 40, "محمد بن عبد الله آل سعود العتيبي", "", "👩‍👩‍👧‍👦 林 Zoë"])
def test_ugly_names_never_widen_a_page_of_320_pixels(
    live_sites: LiveSites, new_visit: Callable[..., Any], nickname: str
) -> None:
    user = factories.make_user(
        "an_account_name_that_never_comes_to_its_end_0123456789",
        email="a.very.long.address.that.does.not.break@subdomain.of.a.long.example.com",
    )
    profiles.set_nickname(user=user, nickname=nickname)
    # Its owner may use an application before it is reviewed.
    application = register(live_sites, name=LONG_NAME, owner=user, status="submitted")
    page = new_visit(viewport={"width": 320, "height": 640}).page
    sign_in(page, live_sites, user, authorize_url(live_sites, application))
    assert page.locator(".review-missing").is_visible()
    assert overflow(page) <= 0
    if not nickname:
        assert page.locator("#scope-nickname-values a").is_visible(), "an empty value leads to where it is set"
    page.locator("#scope-profile").check()
    page.locator("#allow").click()
    assert "code" in answer(page)
    for path in ("/o/apps/", "/o/profile/", "/o/consent/unknown/"):
        page.goto(f"{live_sites.provider}{path}")
        assert overflow(page) <= 0, path
        assert page.locator("h1").count() == 1, path


def test_everything_works_without_scripts(live_sites: LiveSites, user: Any, new_visit: Callable[..., Any]) -> None:
    profiles.set_nickname(user=user, nickname="林 Ada")
    application = register(live_sites)
    page = new_visit(java_script_enabled=False).page
    sign_in(page, live_sites, user, f"{live_sites.provider}/o/profile/")
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png("teal")})
    page.locator("form[enctype] button").click()
    page.locator(".message.success").wait_for()
    assert page.locator(".preview img").is_visible()

    page.goto(authorize_url(live_sites, application))
    assert page.locator("#scope-nickname-values").inner_text() == "林 Ada"
    assert page.locator("#scope-avatar-values img").is_visible()
    page.get_by_text("The picture you chose to show.").click(force=True)  # the label lies over the row
    page.locator("label[for=duration-until-withdrawn]").click()
    page.locator("#allow").click()
    assert "code" in answer(page)
    consent = Consent.objects.get(user=user, application=application)
    assert consent.scopes == {"openid", "avatar"}
    assert consent.ends_at is None

    page.goto(authorize_url(live_sites, application, prompt="consent"))
    assert page.locator("#scope-avatar").is_checked()
    assert page.locator(".badge-known").count() == 2
    page.goto(f"{live_sites.provider}/o/apps/")
    page.locator(".app-card button").click()
    page.locator(".nothing").wait_for()
    consent.refresh_from_db()
    assert consent.closed_at is not None


def test_wrong_upload_is_told_at_its_field(live_sites: LiveSites, user: Any, page: Any) -> None:
    sign_in(page, live_sites, user, f"{live_sites.provider}/o/profile/")
    page.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"not a picture"}
    )
    page.locator("form[enctype] button").click()
    assert page.locator("[role=alert]").is_visible()
    field = page.locator("input[type=file]")
    assert field.get_attribute("aria-invalid") == "true"
    described = str(field.get_attribute("aria-describedby")).split()
    assert page.locator("#id_avatar_error").is_visible()
    assert "id_avatar_error" in described


def test_what_needs_scripts_says_so_beside_its_button(live_sites: LiveSites, new_visit: Callable[..., Any]) -> None:
    page = new_visit(java_script_enabled=False).page
    page.goto(f"{live_sites.provider}/accounts/login/")
    shown = [words for words in page.locator("noscript").all() if words.is_visible()]
    assert [words.inner_text() for words in shown] == ["This functionality requires JavaScript."]
    assert page.locator("#passkey_login + noscript").count() == 1
    assert page.locator("#id_login, #id_password").count() == 2
