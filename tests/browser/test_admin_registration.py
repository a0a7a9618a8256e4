"""An administrator registers an application in Django's admin, and its secret is seen once."""

import re
from typing import Any

import pytest
import requests

from provider_site.models import ApplicationScope, AuditEvent, Registration
from provider_site.signals import application_registered
from tests.factories import PASSWORD
from tests.provider.admin import registrations
from tests.servers import LiveSites

pytestmark = pytest.mark.browser


@pytest.fixture
def admin_page(live_sites: LiveSites, staff: Any, page: Any) -> Any:
    """Return a page of the admin, entered by the sign-in page."""
    staff.emailaddress_set.create(email=staff.email, verified=True, primary=True)
    page.goto(f"{live_sites.provider}/admin/oauth2_provider/application/add/")
    page.locator("#id_login").fill(staff.username)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(re.compile(r"/admin/oauth2_provider/application/add/"))
    return page


def fill_in(page: Any, *, redirect_uri: str, client_type: str = "confidential") -> None:
    page.locator("#id_name").fill("朝夕日历 <b>")
    page.locator("#id_client_type").select_option(client_type)
    page.locator("#id_redirect_uris").fill(redirect_uri)
    page.locator("#id_registration-0-status").select_option("approved")


def actions(client_id: str) -> list[str]:
    """Return what the audit trail says of the application, oldest first."""
    events = AuditEvent.objects.filter(application__client_id=client_id).order_by("pk")
    return list(events.values_list("action", flat=True))


def client_credentials_error(sites: LiveSites, client_id: str, secret: str) -> str:
    """Return how the token endpoint refuses: with the right secret, only because the grant is not this client's."""
    answer = requests.post(
        f"{sites.provider}/o/token/", {"grant_type": "client_credentials"}, auth=(client_id, secret), timeout=10
    )
    return str(answer.json()["error"])


def test_secret_is_shown_once_and_works(live_sites: LiveSites, admin_page: Any) -> None:
    page = admin_page
    fill_in(page, redirect_uri="https://app.example.com/callback")
    page.locator("input[name=_save]").click()
    secret = page.locator("#client-secret").input_value()
    client_id = page.locator("#client-id").input_value()
    assert secret.startswith("oscs_")
    assert client_credentials_error(live_sites, client_id, secret) == "unauthorized_client"
    assert client_credentials_error(live_sites, client_id, secret[:-1] + "x") == "invalid_client"
    page.locator("main a.button, #content a.button").first.click()
    page.wait_for_url(re.compile(r"/change/"))
    shown = page.content()
    assert secret not in shown
    assert "pbkdf2" not in shown
    assert secret[:8] in shown
    rows = ApplicationScope.objects.filter(application__client_id=client_id)
    assert dict(rows.values_list("scope", "required")) == {
        "openid": True,
        "nickname": False,
        "avatar": False,
        "offline_access": False,
    }


def test_registration_left_untouched_is_a_draft_of_who_made_it(
    live_sites: LiveSites, admin_page: Any, staff: Any
) -> None:
    told: list[Any] = []

    def note(registration: Any, **_: Any) -> None:
        told.append(registration.pk)

    page = admin_page
    page.locator("#id_name").fill("Plain")
    page.locator("#id_redirect_uris").fill("https://app.example.com/callback")
    page.locator("#id_registered_scopes-3-scope").select_option("")
    application_registered.connect(note)
    try:
        page.locator("input[name=_save]").click()
        client_id = page.locator("#client-id").input_value()
    finally:
        application_registered.disconnect(note)
    registration = Registration.objects.get(application__client_id=client_id)
    assert (registration.status, registration.owner) == ("draft", staff)
    assert told == [registration.pk]
    assert set(registration.application.registered_scopes.values_list("scope", flat=True)) == {
        "openid",
        "nickname",
        "avatar",
    }
    assert actions(client_id) == ["application.registered", "secret.issued"]


def test_approval_is_a_step_of_its_own_and_leaves_a_trace(live_sites: LiveSites, admin_page: Any) -> None:
    page = admin_page
    page.locator("#id_name").fill("Plain")
    page.locator("#id_redirect_uris").fill("https://app.example.com/callback")
    page.locator("input[name=_save]").click()
    client_id = page.locator("#client-id").input_value()
    page.locator("#content a.button").first.click()
    page.get_by_role("link", name="Approve", exact=True).click()
    assert "https://app.example.com/callback" in page.locator(".provider-differences").inner_text()
    page.locator("#id_reason").fill("Fine.")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(re.compile(r"/change/"))
    assert page.locator("#status-heading").inner_text() == "Approved"
    assert Registration.objects.get(application__client_id=client_id).status == "approved"
    event = AuditEvent.objects.get(application__client_id=client_id, action="application.approved")
    assert event.data == {"reason": "Fine."}
    assert event.address == "127.0.0.1"


def test_further_secret_works_beside_the_first_until_it_is_revoked(
    live_sites: LiveSites, admin_page: Any, staff: Any
) -> None:
    page = admin_page
    fill_in(page, redirect_uri="https://app.example.com/callback")
    page.locator("input[name=_save]").click()
    first, client_id = page.locator("#client-secret").input_value(), page.locator("#client-id").input_value()
    page.locator("#content a.button").first.click()
    page.locator("#issue-secret").click()
    page.locator("#id_name").fill("Second server")
    page.get_by_role("button", name="Issue a secret").click()
    second = page.locator("#client-secret").input_value()
    assert first != second
    for secret in (first, second):
        assert client_credentials_error(live_sites, client_id, secret) == "unauthorized_client"
    page.locator("#content a.button").first.click()
    page.get_by_role("row", name="First secret").get_by_role("link").click()
    page.get_by_role("button", name="Revoke it").click()
    page.wait_for_url(re.compile(r"/change/"))
    assert client_credentials_error(live_sites, client_id, first) == "invalid_client"
    assert client_credentials_error(live_sites, client_id, second) == "unauthorized_client"
    assert actions(client_id)[-1] == "secret.revoked"
    event = AuditEvent.objects.get(action="secret.revoked")
    assert event.actor == staff
    assert event.data == {"name": "First secret", "first_characters": first[:8]}


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://app.example.com/callback", "http is only for the loopback address"),
        ("https://app.example.com/callback#x", "no fragment"),
        ("https://*.example.com/callback", "Wildcards are not possible"),
        ("javascript:alert(1)", "Use https"),
    ],
)
def test_refused_redirect_uri_is_explained_at_its_field(
    live_sites: LiveSites, admin_page: Any, uri: str, reason: str
) -> None:
    page = admin_page
    fill_in(page, redirect_uri=uri)
    page.locator("input[name=_save]").click()
    assert reason in page.locator(".field-redirect_uris .errorlist").inner_text()


def test_pkce_is_never_waived_for_a_public_client(live_sites: LiveSites, admin_page: Any) -> None:
    page = admin_page
    fill_in(page, redirect_uri="http://127.0.0.1/callback", client_type="public")
    page.locator("#id_registration-0-pkce_waived").check()
    page.locator("input[name=_save]").click()
    assert "Only a confidential client" in page.locator(".errors.field-pkce_waived").inner_text()


def test_public_client_gets_no_secret(live_sites: LiveSites, admin_page: Any) -> None:
    page = admin_page
    fill_in(page, redirect_uri="com.example.app:/callback", client_type="public")
    page.locator("input[name=_save]").click()
    page.wait_for_url(re.compile(r"/application/$"))
    assert not page.locator("#client-secret").count()


# What a screen reader would have to guess: fields without a label, and headings that are not one outline.
UNNAMED = """() => [...document.querySelectorAll('#content :is(input, select, textarea)')]
    .filter(field => !['hidden', 'submit'].includes(field.type))
    .filter(field => !field.labels.length && !field.getAttribute('aria-label')).map(field => field.outerHTML)"""
HEADINGS = "() => document.querySelectorAll('h1').length"
OVERFLOW = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [1280, 320])
def test_pages_fit_the_screen_and_name_their_fields(
    live_sites: LiveSites, admin_page: Any, user: Any, width: int
) -> None:
    page = admin_page
    page.set_viewport_size({"width": width, "height": 900})
    application = registrations.changing(user)
    base = f"{live_sites.provider}/admin/oauth2_provider/application/{application.pk}"
    review = registrations.waiting(application)
    for address in (
        f"{base}/change/",
        f"{base}/step/suspend/",
        f"{base}/secret/",
        f"{base}/secret/rotate/",
        f"{base}/secret/{application.client_secrets.get().pk}/revoke/",
        f"{live_sites.provider}/admin/provider_site/review/{review.pk}/change/",
    ):
        page.goto(address)
        assert not page.evaluate(OVERFLOW), address
        assert page.evaluate(HEADINGS) == 1, address
        assert page.evaluate(UNNAMED) == [], address


def test_request_is_decided_on_its_page(live_sites: LiveSites, admin_page: Any, user: Any) -> None:
    page = admin_page
    application = registrations.changing(user)
    page.goto(f"{live_sites.provider}/admin/provider_site/review/")
    page.get_by_role("link", name=application.name).click()
    assert "new.example.com" in page.locator(".provider-differences").inner_text()
    page.get_by_role("button", name="Reject").click()
    assert "This field is required" in page.locator("#id_reason_error").inner_text()
    assert "id_reason_error" in (page.locator("#id_reason").get_attribute("aria-describedby") or "")
    page.locator("#id_reason").fill("We know no such host.")
    page.get_by_role("button", name="Reject").click()
    page.wait_for_url(re.compile(r"/review/$"))
    review = application.reviews.get()
    assert (review.decision, review.reason) == ("rejected", "We know no such host.")
