"""The page that lists where a person is signed in, and its buttons."""

from typing import Any

import pytest
from django.urls import reverse

from provider_site.models import Session
from provider_site.services import sessions
from tests import factories
from tests.provider.driver import Driver, query
from tests.provider.logout import is_signed_in, open_sessions, told, wants

LIST = "/o/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def elsewhere(driver: Driver, user: Any, registered: Any) -> Driver:
    """Return the same person's other browser; both are signed in to an application."""
    wants(driver)
    driver.tokens()
    other = Driver(registered, user)
    other.browser.defaults["HTTP_USER_AGENT"] = FIREFOX
    other.tokens()
    return other


def end(sid: Any) -> str:
    return reverse("provider_site:session-end", args=[sid])


def rows(driver: Driver) -> list[dict[str, Any]]:
    return list(driver.browser.get(LIST).context["rows"])


class TestList:
    def test_says_which_browser_when_how_and_which_apps(self, driver: Driver, elsewhere: Driver) -> None:
        here, there = rows(driver)
        assert (here["here"], there["here"]) == (True, False)
        assert there["device"] == "Firefox on Windows"
        assert there["names"] == [driver.application.name]
        html = driver.browser.get(LIST).content.decode()
        assert "127.0.0.1" in html
        assert html.count("Sign out there") == 1
        assert "Sign out everywhere else" in html

    def test_several_sign_ins_of_one_browser_are_one(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        session = driver.browser.session
        session["provider_site.auth_time"] += 1
        session.save()
        driver.tokens()
        assert open_sessions(user) == 2
        assert len(rows(driver)) == 1

    def test_is_empty_without_any(self, driver: Driver) -> None:
        html = driver.browser.get(LIST).content.decode()
        assert "Nothing is signed in to any app" in html
        assert "everywhere else" in html, "browsers that opened no app are in no list"

    def test_shows_nobody_else_s(self, driver: Driver, elsewhere: Driver, other_user: Any) -> None:
        assert rows(Driver(factories.make_application(), other_user)) == []

    def test_leaves_out_what_is_over(self, driver: Driver, elsewhere: Driver, user: Any) -> None:
        Session.objects.filter(user_agent=FIREFOX).update(credential_digest="of another password")
        assert len(rows(driver)) == 1

    def test_wants_somebody_signed_in(self, driver: Driver) -> None:
        driver.browser.logout()
        assert driver.browser.get(LIST).status_code == 302


class TestEnd:
    def test_one_is_signed_out_there_and_its_apps_are_told(self, driver: Driver, elsewhere: Driver, user: Any) -> None:
        there = rows(driver)[1]["sid"]
        assert driver.browser.post(end(there)).status_code == 303
        assert [claims["sid"] for claims in told()] == [str(there)]
        assert is_signed_in(driver)
        assert not is_signed_in(elsewhere)
        assert elsewhere.browser.get("/o/profile/").status_code == 302, "this site's own pages are closed there too"
        assert Session.objects.get(pk=there).ended_reason == Session.EndReason.PERSON

    def test_all_others_are_signed_out(self, driver: Driver, elsewhere: Driver, user: Any) -> None:
        assert driver.browser.post(reverse("provider_site:sessions-end-others")).status_code == 303
        assert len(told()) == 1
        assert is_signed_in(driver)
        assert not is_signed_in(elsewhere)

    def test_all_others_are_those_no_app_knows_of_too(self, driver: Driver, user: Any, registered: Any) -> None:
        """Whoever has got at the account and opened no app yet stands in no list."""
        unknown = Driver(registered, user)
        assert unknown.browser.get("/o/profile/").status_code == 200
        for _again in range(2):
            driver.browser.post(reverse("provider_site:sessions-end-others"))
        assert unknown.browser.get("/o/profile/").status_code == 302
        assert driver.browser.get("/o/profile/").status_code == 200
        unknown.sign_in_again(user)
        assert unknown.browser.get("/o/profile/").status_code == 200, "signed in anew"

    def test_browser_no_app_knows_of_gets_no_code_either(
        self, driver: Driver, user: Any, registered: Any, settings: Any
    ) -> None:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != sessions.MIDDLEWARE]
        unknown = Driver(registered, user)
        driver.browser.post(reverse("provider_site:sessions-end-others"))
        assert query(unknown.authorize(prompt="none"))["error"] == "login_required"

    def test_sid_of_somebody_else_is_not_found(self, driver: Driver, elsewhere: Driver, other_user: Any) -> None:
        stranger = Driver(factories.make_application(), other_user)
        for session in Session.objects.all():
            assert stranger.browser.post(end(session.pk)).status_code == 404
        assert not told()
        assert stranger.browser.get(end(Session.objects.all()[0].pk)).status_code == 405
