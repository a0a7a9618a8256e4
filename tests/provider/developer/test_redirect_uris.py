"""Redirect URIs are judged as typed, with the reason and what to write instead, as when the form is sent."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provider_site.models import Registration
from provider_site.policy import redirect
from provider_site.portal.developer import redirect_uris
from tests import factories
from tests.browser.test_provider_pages import sign_in
from tests.provider.developer.browsers import nobody, signed_in
from tests.provider.developer.pages import register
from tests.servers import LiveSites

ADDRESS = "/o/developer/check-uri/"


@pytest.mark.parametrize(
    ("uri", "refusal", "said"),
    [
        ("http://app.example.com/cb", "http_not_loopback", "https://app.example.com/cb"),
        ("https://app.example.com/cb#top", "fragment", "https://app.example.com/cb"),
        ("https://me@app.example.com/cb", "userinfo", "https://app.example.com/cb"),
        ("https://app.example.com/ü", "characters", "https://app.example.com/%C3%BC"),
        ("app.example.com/cb", "malformed", "https://app.example.com/cb"),
        ("http://[ü", "characters", "percent-encoded"),
        ("callback", "malformed", "https://app.example.com/callback"),
        ("https://*.example.com/cb", "wildcard", "Wildcards are not possible"),
        ("javascript:alert(1)", "scheme", "private scheme"),
        ("https://app.example.com/cb?code=1", "reserved_parameter", "leave them out"),
        ("https://app.example.com/" + "x" * 2000, "too_long", "2000"),
    ],
)
def test_refused_uri_is_told_why_and_what_to_write(user: Any, uri: str, refusal: str, said: str) -> None:
    answer = signed_in(user).get(ADDRESS, {"uri": uri})
    body = answer.json()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert body["refusal"] == refusal
    assert said in body["reason"]
    assert body["warning"] is None


@pytest.mark.parametrize("uri", ["https://app.example.com/cb", "http://127.0.0.1/cb", "com.example.app:/cb"])
def test_uri_that_can_be_registered_has_no_reason(user: Any, uri: str) -> None:
    body = signed_in(user).get(ADDRESS, {"uri": uri}).json()
    assert body == {"uri": uri, "refusal": None, "reason": None, "warning": None}


def test_localhost_by_name_is_allowed_with_a_warning(user: Any) -> None:
    body = signed_in(user).get(ADDRESS, {"uri": "http://localhost:3000/cb"}).json()
    assert (body["refusal"], body["reason"]) == (None, None)
    assert "127.0.0.1" in body["warning"]


def test_visitor_is_not_answered(db: None) -> None:
    assert nobody().get(ADDRESS, {"uri": "x"}).status_code == 302


def test_reason_is_in_the_persons_language(user: Any) -> None:
    client = signed_in(user)
    client.cookies["django_language"] = "zh-hans"
    assert "通配符" in client.get(ADDRESS, {"uri": "https://*.example.com/"}).json()["reason"]


@example("http://[ü")
@given(st.text(max_size=60) | st.from_regex(r"\A[a-z]{1,6}:/{0,3}[\[\]@:#?*a-z0-9./%-]{0,40}\Z"))
def test_every_text_gets_an_answer_and_what_is_proposed_can_be_registered(uri: str) -> None:
    refusal = redirect.refusal(uri)
    assert bool(redirect_uris.reason(uri)) is (refusal is not None)
    if refusal is None:
        redirect_uris.warning(uri)
    proposed = redirect_uris.instead(uri, refusal) if refusal is not None else ""
    assert not proposed or redirect.refusal(proposed) is None


def test_form_says_the_same_without_scripts(user: Any, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
    answer = register(signed_in(user), redirect_uris="https://a.example.com/\nhttp://b.example.com/")
    [error] = answer.context["form"].errors["redirect_uris"]
    assert error.startswith("http://b.example.com/: ")
    assert "https://b.example.com/" in error
    assert not Registration.objects.exists()


@pytest.mark.browser
def test_refusal_appears_while_typing_and_is_announced(live_sites: LiveSites, page: Any, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
    sign_in(page, live_sites, factories.make_user(), f"{live_sites.provider}/o/developer/new/")
    page.locator("#id_redirect_uris").press_sequentially("http://app.example.com/<b>")
    said = page.locator("#id_redirect_uris_checks li.refused")
    said.wait_for()
    assert "http://app.example.com/<b>" in said.inner_text()
    assert page.locator("#id_redirect_uris_checks").get_attribute("aria-live") == "polite"
    assert "id_redirect_uris_checks" in page.locator("#id_redirect_uris").get_attribute("aria-describedby")
    page.locator("#id_redirect_uris").fill("https://app.example.com/cb")
    page.locator("#id_redirect_uris_checks li.fine").wait_for()
    assert said.count() == 0
