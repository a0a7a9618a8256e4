"""OpenID Connect Front-Channel Logout 1.0. What a browser does with it is in tests/flows/test_logout_over_tls.py."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provider_site.models import Registration
from tests import factories
from tests.provider.driver import ISSUER, Driver
from tests.provider.logout import AFTERWARDS, FRONT, ask, hint, is_signed_in, wants


def frames(page: Any) -> list[str]:
    """Return the addresses of a page's frames."""
    return [html.unescape(found) for found in re.findall(r'<iframe[^>]* src="([^"]*)"', page.content.decode())]


@pytest.fixture(autouse=True)
def _addresses(driver: Driver) -> None:
    wants(driver, front=FRONT)


def test_discovery_says_that_it_is_supported(driver: Driver) -> None:
    """3."""
    document = driver.browser.get("/.well-known/openid-configuration").json()
    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True


def test_frame_is_loaded_with_iss_and_sid_before_the_way_back(driver: Driver) -> None:
    """2, 3: the registered query stays; iss and sid are those of the ID token; then the application's own address."""
    claims = driver.id_token(driver.tokens())
    answer = ask(driver, id_token_hint=hint(driver), post_logout_redirect_uri=AFTERWARDS, state="a b")
    page = driver.browser.get(answer["Location"])
    (frame,) = frames(page)
    assert frame.startswith(FRONT + "&")
    assert parse_qs(urlsplit(frame).query) == {"tenant": ["1"], "iss": [ISSUER], "sid": [claims["sid"]]}
    assert page["Refresh"] == f"5;url={AFTERWARDS}?state=a+b"
    assert f'href="{AFTERWARDS}?state=a+b"' in page.content.decode()
    assert not is_signed_in(driver)


def test_page_may_hold_frames_of_these_applications_alone(driver: Driver) -> None:
    """3, 5."""
    page = driver.browser.get(ask(driver, id_token_hint=hint(driver))["Location"])
    policy = dict(part.split(" ", 1) for part in page["Content-Security-Policy"].split("; "))
    assert policy["frame-src"] == "https://app.example.com"
    assert policy["frame-ancestors"] == "'none'"
    assert re.search(r'<iframe[^>]*sandbox="allow-scripts allow-same-origin"', page.content.decode())


def test_each_application_of_the_session_has_its_frame(driver: Driver, user: Any) -> None:
    """3: "the OP ... renders ... for each RP"."""
    second, never, plain = (Driver(factories.make_application(), user) for _number in range(3))
    wants(second, front="https://second.example/front")
    wants(never, front="https://never.example/front")
    wants(plain, front="")
    second.browser = plain.browser = driver.browser
    second.tokens()
    plain.tokens()
    page = driver.browser.get(ask(driver, id_token_hint=hint(driver))["Location"])
    assert [urlsplit(frame).netloc for frame in frames(page)] == ["app.example.com", "second.example"]


@pytest.mark.parametrize("status", ["suspended", "rejected"])
def test_application_that_is_not_approved_has_no_frame(driver: Driver, status: str) -> None:
    """3."""
    token = hint(driver)
    Registration.objects.filter(application=driver.application).update(status=status)
    page = driver.browser.get(ask(driver, id_token_hint=token)["Location"])
    assert not frames(page)


def test_sign_out_by_the_site_s_own_page_loads_the_frames_too(driver: Driver) -> None:
    """3: and goes on to where that page leads."""
    driver.tokens()
    answer = driver.browser.post("/accounts/logout/")
    assert answer.status_code == 302
    page = driver.browser.get(answer["Location"])
    assert len(frames(page)) == 1
    assert page["Refresh"] == f"5;url={ISSUER}/"


def test_sign_out_without_such_applications_goes_its_own_way(driver: Driver) -> None:
    """3."""
    wants(driver, front="")
    driver.tokens()
    assert driver.browser.post("/accounts/logout/")["Location"] == "/"


def test_frame_of_an_address_that_breaks_out_of_the_policy_is_left_to_it(driver: Driver) -> None:
    """5: an older row may hold anything; it adds no source."""
    wants(driver, front="https://app.example.com;script-src/*")
    page = driver.browser.get(ask(driver, id_token_hint=hint(driver))["Location"])
    assert "script-src" not in page["Content-Security-Policy"]
