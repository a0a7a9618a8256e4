"""OpenID Connect Session Management 1.0. The frame at work in a browser is in tests/flows/test_logout_over_tls.py."""

import hashlib
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import RequestFactory

from provider_site.models import Registration
from provider_site.policy import session_state as policy
from provider_site.protocol.logout.check_session import ancestors
from provider_site.services import sessions
from tests import factories
from tests.provider.driver import ISSUER, Driver, query
from tests.provider.logout import ask, hint

FRAME = "/o/check_session/"
COOKIE = "provider-state"


def state_of(driver: Driver) -> str:
    """Return what the browser's cookie says."""
    morsel = driver.browser.cookies.get(COOKIE)
    return morsel.value if morsel is not None else ""


def recomputed(driver: Driver, session_state: str, *, origin: str = "https://app.example.com") -> str:
    """Compute anew what the frame would compare with, as the specification writes it."""
    salt = session_state.rpartition(".")[2]
    text = f"{driver.application.client_id} {origin} {state_of(driver)} {salt}"
    return f"{hashlib.sha256(text.encode()).hexdigest()}.{salt}"


def answered(driver: Driver) -> str:
    """Sign in to the application; return the session_state of the answer."""
    page = driver.authorize()
    answer = driver.consent(page, scopes=["nickname"]) if "/o/consent/" in page["Location"] else page
    return query(answer)["session_state"]


# --- 2. session_state -----------------------------------------------------------------------------------------------


def test_answer_has_a_state_of_client_origin_browser_and_salt(driver: Driver) -> None:
    """2, 3.2."""
    state = answered(driver)
    assert " " not in state
    assert state_of(driver)
    assert state == recomputed(driver, state)


def test_each_answer_is_salted_anew_and_the_browser_stays_the_same(driver: Driver) -> None:
    """3.2: "a salt"."""
    first, before = answered(driver), state_of(driver)
    second = answered(driver)
    assert first != second
    assert state_of(driver) == before
    assert second == recomputed(driver, second)


def test_state_of_another_client_or_origin_is_another(driver: Driver) -> None:
    """3.2: it tells one client nothing of another's."""
    state = answered(driver)
    assert state != recomputed(driver, state, origin="https://other.example")


def test_answer_without_openid_has_none(driver: Driver) -> None:
    """2: it belongs to OpenID Connect."""
    page = driver.authorize(scope="nickname")
    assert "session_state" not in query(driver.consent(page, scopes=["nickname"]))


@pytest.mark.parametrize("how", ["logout", "page"])
def test_sign_out_changes_the_browser_s_state(driver: Driver, how: str) -> None:
    """3.1: "changed" from then on."""
    state = answered(driver)
    if how == "logout":
        ask(driver, id_token_hint=hint(driver))
    else:
        driver.sign_out()
    assert state_of(driver) == ""
    assert state != recomputed(driver, state)


def test_next_sign_in_is_another_state(driver: Driver, user: Any) -> None:
    """3.1."""
    first = answered(driver)
    driver.browser.post("/accounts/logout/")
    driver.sign_in_again(user)
    second = answered(driver)
    assert first != recomputed(driver, first)
    assert second == recomputed(driver, second)


def test_request_from_another_site_leaves_the_cookie_alone(driver: Driver) -> None:
    """3.2: such a request comes without the session's cookie."""
    answered(driver)
    before = state_of(driver)
    session = driver.browser.cookies.pop(django_settings.SESSION_COOKIE_NAME)
    driver.browser.post("/o/logout/", {"state": "s"})
    driver.authorize(method="post", prompt="none")
    driver.browser.cookies[django_settings.SESSION_COOKIE_NAME] = session.value
    assert state_of(driver) == before


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://app.example.com/cb?a=b", "https://app.example.com"),
        ("https://APP.example.com:443/", "https://app.example.com"),
        ("https://app.example.com:8443/", "https://app.example.com:8443"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("http://[::1]:5000/cb", "http://[::1]:5000"),
        ("com.example.app:/cb", None),
        ("https://[", None),
        ("https://a:99999/", None),
        ("https://a;script-src/x", None),
    ],
)
def test_origin_is_what_browsers_write(uri: str, origin: str | None) -> None:
    """3.2: "the origin URL ... of the RP"."""
    assert policy.browser_origin(uri) == origin


# --- 3.2. The cookie ------------------------------------------------------------------------------------------------


def test_cookie_over_tls_goes_into_frames_of_other_sites_and_scripts_read_it(driver: Driver) -> None:
    """3.2: SameSite=None needs Secure; the prefix keeps other hosts from setting it."""
    driver.browser.get("/o/apps/", secure=True)
    morsel = driver.browser.cookies[f"__Host-{COOKIE}"]
    assert (morsel["samesite"], bool(morsel["secure"]), morsel["path"]) == ("None", True, "/")
    assert not morsel["httponly"]
    assert not morsel["domain"]


def test_cookie_over_plain_http_stays_at_home(driver: Driver) -> None:
    """3.2: on the demonstration's localhost."""
    driver.browser.get("/o/apps/")
    morsel = driver.browser.cookies[COOKIE]
    assert (morsel["samesite"], bool(morsel["secure"])) == ("Lax", False)


# --- 3.3. The frame -------------------------------------------------------------------------------------------------


def test_discovery_names_the_frame(driver: Driver) -> None:
    """3.3."""
    document = driver.browser.get("/.well-known/openid-configuration").json()
    assert document["check_session_iframe"] == f"{ISSUER}{FRAME}"


def test_frame_may_be_held_by_the_page_of_a_registered_origin(driver: Driver) -> None:
    """3.3: no other page of this site may be framed."""
    answer = driver.browser.get(FRAME, headers={"referer": "https://app.example.com/any/page"})
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"].endswith("frame-ancestors https://app.example.com")
    assert "X-Frame-Options" not in answer
    assert f'data-cookie="{COOKIE}"' in answer.content.decode()
    assert driver.application.client_id not in answer.content.decode()


def test_page_that_hides_where_it_is_is_told_of_approved_applications_alone(driver: Driver) -> None:
    """Anybody may register others: with places of anybody's, and so many that no application would find room."""
    crowd = " ".join(f"https://{number:03}.{'a' * 60}.example/cb" for number in range(70))
    factories.make_application(status=Registration.Status.DRAFT, redirect_uris=crowd.split())
    cache.clear()
    policy_of = driver.browser.get(FRAME)["Content-Security-Policy"]
    assert "https://app.example.com" in policy_of
    assert "aaa.example" not in policy_of
    builder = driver.browser.get(FRAME, headers={"referer": f"{crowd.split()[0]}/"})["Content-Security-Policy"]
    assert "aaa.example" in builder, "who builds an application tries it too"


@pytest.mark.parametrize("referer", ["https://evil.example/", "https://app.example.com.evil.example/", "https://a;b/"])
def test_frame_is_refused_to_any_other_page(driver: Driver, referer: str) -> None:
    """3.3."""
    answer = driver.browser.get(FRAME, headers={"referer": referer})
    policy_text = answer["Content-Security-Policy"]
    assert "frame-ancestors https://app.example.com" not in policy_text or "evil" not in policy_text
    assert "evil" not in policy_text
    if policy.browser_origin(referer) is not None:
        assert policy_text.endswith("frame-ancestors 'none'")


def test_page_that_hides_where_it_is_has_to_be_of_a_registered_origin(driver: Driver) -> None:
    """3.3."""
    factories.make_application(redirect_uris=["https://second.example/cb", "com.example.app:/cb"])
    assert ancestors("") == "https://app.example.com https://second.example"


@pytest.mark.parametrize("change", [{"status": "suspended"}, {"status": "rejected"}])
def test_switched_off_application_holds_no_frame(driver: Driver, change: dict[str, Any]) -> None:
    """3.3."""
    Registration.objects.filter(application=driver.application).update(**change)
    cache.clear()
    assert ancestors("https://app.example.com/") == "'none'"


def test_very_many_applications_make_no_endless_header(db: None, monkeypatch: Any) -> None:
    """3.3."""
    many = frozenset(f"https://app{number}.example.com" for number in range(10_000))
    monkeypatch.setattr("provider_site.protocol.logout.check_session.registered_origins", lambda **_: many)
    assert len(ancestors("")) <= 4000
    assert ancestors("https://app9999.example.com/x") == "https://app9999.example.com"


# --- A host without the middleware ----------------------------------------------------------------------------------


def test_without_the_middleware_nothing_is_promised(driver: Driver, settings: Any) -> None:
    """2, 3.3: discovery lists what works."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != sessions.MIDDLEWARE]
    assert "check_session_iframe" not in driver.browser.get("/.well-known/openid-configuration").json()
    assert driver.browser.get(FRAME).status_code == 404
    request = RequestFactory().get("/")
    assert sessions.session_state(request=request, client_id="a", redirect_uri="https://a.example/") is None
