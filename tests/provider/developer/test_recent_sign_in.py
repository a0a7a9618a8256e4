"""portal/recent_sign_in.py, at the pages that want it."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from provider_site.conf import provider_settings
from provider_site.models import ClientSecret, Member
from provider_site.services import members
from tests import factories
from tests.provider.developer.browsers import grow_stale, signed_in


@pytest.fixture
def application(user: Any) -> Any:
    return factories.make_application(user).application


@pytest.fixture
def browser(user: Any) -> Client:
    return signed_in(user)


@pytest.fixture
def tester(application: Any, user: Any, other_user: Any) -> Member:
    return members.invite(application=application, identifier=other_user.username, role="tester", actor=user)


@pytest.fixture
def any_login(settings: Any) -> None:
    """A host that has no page to prove anew who one is."""
    settings.PROVIDER_SITE = {
        key: value for key, value in settings.PROVIDER_SITE.items() if key != "REAUTHENTICATE_URL"
    }


def pages(application: Any) -> list[str]:
    return [f"/o/developer/{application.pk}/{name}/" for name in ("members", "secrets")]


def writes(application: Any, member: Member) -> dict[str, tuple[str, dict[str, str]]]:
    """Return each write behind the gate: its address, the page it belongs to, a correct form."""
    secret = ClientSecret.objects.get()
    of_members, of_secrets = pages(application)
    made = {"name": "new", "lifetime": "30", "seen": str(secret.pk)}
    return {
        f"{of_members}invite/": (of_members, {"identifier": "somebody", "role": "tester"}),
        f"{of_members}{member.pk}/remove/": (of_members, {}),
        f"{of_secrets}issue/": (of_secrets, made),
        f"{of_secrets}rotate/": (of_secrets, made | {"overlap": "0"}),
        f"{of_secrets}{secret.pk}/revoke/": (of_secrets, {}),
        f"{of_secrets}legacy/revoke/": (of_secrets, {}),
    }


def state() -> Any:
    secrets = ClientSecret.objects.order_by("pk").values_list("pk", "revoked_at", "expires_at")
    return list(Member.objects.order_by("pk").values_list("pk", "invited_as")), list(secrets)


def test_stale_sign_in_stops_every_write_and_the_page_says_so(
    browser: Client, application: Any, tester: Member
) -> None:
    before = state()
    for address, (page, form) in writes(application, tester).items():
        grow_stale(browser)
        answer = browser.post(address, form)
        assert (answer.status_code, answer["Location"]) == (303, f"{page}?not-done=1"), address
        assert "Nothing has been changed" in browser.get(answer["Location"]).content.decode()
        assert state() == before, address


def test_recent_sign_in_lets_every_write_through(browser: Client, application: Any, tester: Member) -> None:
    """The other position of the gate, for the very same forms."""
    for address, (page, form) in writes(application, tester).items():
        form["seen"] = str(ClientSecret.objects.latest("pk").pk)
        grow_stale(browser, age=provider_settings.recent_sign_in - timedelta(seconds=30))
        answer = browser.post(address, form)
        assert answer.status_code in {200, 302}, address
        assert "not-done" not in answer.get("Location", "")
        assert browser.get(page).status_code == 200


def test_stale_sign_in_is_sent_to_the_host_s_page_and_back(browser: Client, application: Any) -> None:
    for page in pages(application):
        grow_stale(browser)
        sent = browser.get(page)
        assert sent.status_code == 302
        assert urlsplit(sent["Location"]).path == "/accounts/reauthenticate/"
        assert parse_qs(urlsplit(sent["Location"]).query) == {"next": [page]}
        back = browser.post(sent["Location"], {"password": factories.PASSWORD, "next": page})
        assert back["Location"] == page
        assert browser.get(page).status_code == 200


def test_form_sent_too_late_is_told_of_before_and_after_proving(browser: Client, application: Any) -> None:
    page = pages(application)[0]
    grow_stale(browser)
    waiting = browser.get(browser.post(f"{page}invite/", {"identifier": "x", "role": "tester"})["Location"])
    assert waiting.status_code == 403
    again = "/accounts/reauthenticate/?next=" + page.replace("/", "%2F").replace("%2F", "/")
    assert f'href="{again}%3Fnot-done%3D1"' in waiting.content.decode()
    browser.post("/accounts/reauthenticate/", {"password": factories.PASSWORD, "next": f"{page}?not-done=1"})
    assert "Please fill in the form once more" in browser.get(f"{page}?not-done=1").content.decode()
    assert "Please fill in the form once more" not in browser.get(page).content.decode()


def test_person_without_a_password_is_offered_another_way(browser: Client, application: Any, user: Any) -> None:
    """Allauth's page answers 403 to somebody it has nothing to ask."""
    user.set_unusable_password()
    user.save()
    browser = signed_in(user)
    grow_stale(browser)
    answer = browser.get(pages(application)[0])
    assert answer.status_code == 403
    assert 'name="prove-again"' in answer.content.decode()


@pytest.mark.usefixtures("any_login")
def test_any_login_page_serves_by_signing_out_and_in(browser: Client, application: Any, user: Any) -> None:
    page = pages(application)[1]
    grow_stale(browser)
    asked = browser.get(page)
    assert asked.status_code == 403
    assert "form-action 'self'" in asked["Content-Security-Policy"]
    assert "_auth_user_id" in browser.session  # a link, which anybody can send, signs nobody out
    sent = browser.post(page, {"prove-again": "1"})
    assert sent.status_code == 303
    assert parse_qs(urlsplit(sent["Location"]).query) == {"next": [page]}
    assert "_auth_user_id" not in browser.session
    browser = signed_in(user)
    assert browser.get(page).status_code == 200


@pytest.mark.usefixtures("any_login")
def test_proving_again_twice_signs_nobody_out(browser: Client, application: Any) -> None:
    page = pages(application)[0]
    answer = browser.post(page, {"prove-again": "1"})
    assert (answer.status_code, answer["Location"]) == (303, page)
    assert "_auth_user_id" in browser.session


@pytest.mark.usefixtures("any_login")
def test_another_site_can_neither_sign_out_nor_choose_where_to_go(application: Any, user: Any) -> None:
    page = pages(application)[0]
    browser = signed_in(user, enforce_csrf_checks=True)
    grow_stale(browser)
    assert browser.post(page, {"prove-again": "1"}).status_code == 403
    assert "_auth_user_id" in browser.session
    browser = signed_in(user)
    grow_stale(browser)
    forged = {"next": "https://evil.example/", "not-done": "https://evil.example/"}
    assert f'action="{page}?not-done=1"' in browser.get(page, forged).content.decode()
    sent = browser.post(f"{page}?next=//evil.example", {"prove-again": "1"} | forged)
    assert parse_qs(urlsplit(sent["Location"]).query) == {"next": [page]}


@pytest.mark.usefixtures("any_login")
def test_login_page_of_another_host_is_a_destination_of_the_form(
    browser: Client, application: Any, settings: Any
) -> None:
    settings.LOGIN_URL = "https://login.example.com/in"
    grow_stale(browser)
    policy = browser.get(pages(application)[0])["Content-Security-Policy"]
    assert "form-action 'self' https://login.example.com" in policy


def test_strangers_application_is_not_found_before_anything_is_asked(application: Any, other_user: Any) -> None:
    browser = signed_in(other_user)
    grow_stale(browser)
    for page in pages(application):
        assert browser.get(page).status_code == 404


def test_nobody_signed_in_is_asked_to_sign_in(application: Any) -> None:
    for page in pages(application):
        assert Client(headers={"host": "localhost:8000"}).get(page)["Location"] == f"/accounts/login/?next={page}"
