"""Applications, requests and consents are dealt with by the keyboard alone, with the focus in sight at every stop."""

from collections.abc import Callable
from typing import Any

import pytest

from provider_site.models import Registration
from tests.browser.connections import allowed
from tests.browser.test_provider_pages import sign_in
from tests.provider.admin import registrations
from tests.provider.developer.browsers import confirm_address
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

MAX_STOPS = 120

# What has the focus: whether it is the one looked for, shows the focus, is in the window, and lies under nothing else.
FOCUS = """selector => {
  const active = document.activeElement, box = active.getBoundingClientRect(), style = getComputedStyle(active);
  const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2;  // of what the window shows of it
  const point = [middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight)];
  const top = document.elementFromPoint(...point);
  return {
    name: active.outerHTML.slice(0, 200),
    isIt: active.matches(selector),
    isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    isInWindow: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    isFree: Boolean(top) && (active.contains(top) || top.contains(active) || [...active.labels ?? []].includes(top)),
  };
}"""


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until what the selector names has the focus; each stop on the way has to show it."""
    for _stop in range(MAX_STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUS, selector)
        lost = [name for name in ("isMarked", "isInWindow", "isFree") if not found[name]]
        assert not lost, (lost, found["name"])
        if found["isIt"]:
            return
    pytest.fail(f"Tab does not lead to {selector}")


def write(page: Any, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def press(page: Any, selector: str, key: str = "Enter") -> None:
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press(key)


@pytest.fixture
def keyboard(live_sites: LiveSites, settings: Any, new_visit: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that signs somebody in and gives a page on which nothing is clicked."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "verified"}

    def enter(user: Any, address: str) -> Any:
        confirm_address(user)
        page = new_visit(viewport={"width": 640, "height": 480}).page
        sign_in(page, live_sites, user, live_sites.provider + address)
        return page

    return enter


def test_application_is_registered(keyboard: Callable[..., Any], user: Any) -> None:
    page = keyboard(user, "/o/developer/")
    press(page, "a[href='/o/developer/new/']")
    write(page, "#id_name", "Calendar")
    tab_to(page, "input[name=client_type]")
    page.keyboard.press("Space")
    write(page, "#id_redirect_uris", "https://app.example.com/callback")
    tab_to(page, "details > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#id_post_logout_redirect_uris")
    tab_to(page, "input[name='wish:nickname']")
    page.keyboard.press("ArrowDown")
    write(page, "[name='why:nickname']", "To greet you.")
    press(page, ".dev-save button")
    registration = Registration.objects.get()
    assert registration.application.name == "Calendar"
    assert registration.application.redirect_uris == "https://app.example.com/callback"
    wanted = registration.application.registered_scopes.get(scope="nickname")
    assert (wanted.required, wanted.justification) == (False, "To greet you.")
    tab_to(page, "[data-copy=client-secret]")
    press(page, ".dev-save a")
    press(page, ".tabs a[href$='/members/']")


def test_request_is_decided(keyboard: Callable[..., Any], user: Any, staff: Any) -> None:
    application = registrations.submitted(user)
    page = keyboard(staff, "/admin/provider_site/review/")
    press(page, "#result_list a[href*='/admin/provider_site/review/']")
    write(page, "#id_reason", "Fine.")
    press(page, "button[name=decision][value=approve]", "Space")
    assert registrations.status(application) == "approved"
    assert application.reviews.get().reason == "Fine."


def test_consent_is_ended_for_somebody(keyboard: Callable[..., Any], user: Any, application: Any, staff: Any) -> None:
    consent = allowed(user, application)
    page = keyboard(staff, "/admin/provider_site/consent/")
    press(page, f"#result_list a[href*='/consent/{consent.pk}/']")
    press(page, "a.provider-button[href$='/end/']")
    write(page, "#id_reason", "Their phone was stolen.")
    press(page, "#content-main button[type=submit]")
    consent.refresh_from_db()
    assert consent.closed_reason == "administrator"
