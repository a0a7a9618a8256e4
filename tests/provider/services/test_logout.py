"""Wherever a session ends, its applications are told, in the same transaction; and nobody else."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.test import Client, RequestFactory

from provider_site.models import AuditEvent, Authorization, Registration, Session
from provider_site.protocol.logout import pages
from provider_site.services import accounts, consent_support, consents, deletion, logout
from tests import factories
from tests.provider.driver import Driver
from tests.provider.logout import is_signed_in, open_sessions, told, wants

Reason = Session.EndReason


@pytest.fixture(autouse=True)
def _told(driver: Driver) -> None:
    wants(driver)


@pytest.fixture
def second(driver: Driver, user: Any) -> Driver:
    """Return another application of the same browser."""
    other = Driver(factories.make_application(), user)
    wants(other)
    other.browser = driver.browser
    return other


def reason_of(user: Any) -> str:
    (reason,) = Session.objects.filter(user=user, ended_at__isnull=False).values_list("ended_reason", flat=True)
    return str(reason)


def sign_in_over(driver: Driver, person: Any) -> None:
    """Sign somebody else in where nobody has signed out, as Django's own sign-in page lets one do."""
    request = RequestFactory().post("/login/")
    request.COOKIES = {name: morsel.value for name, morsel in driver.browser.cookies.items()}
    request.session = driver.browser.session
    login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
    request.session.save()
    driver.browser.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key


class TestWhereverItEnds:
    def test_sign_out_at_the_host_s_page(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        driver.sign_out()
        assert reason_of(user) == Reason.SIGNED_OUT
        assert len(told(driver)) == 1

    def test_password_changed_by_any_code_of_the_host_s(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        user.set_password("another horse")
        user.save()
        assert reason_of(user) == Reason.PASSWORD
        assert len(told(driver)) == 1

    def test_password_saved_alone(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        user.set_password("another horse")
        user.save(update_fields=["password"])
        assert len(told(driver)) == 1

    def test_other_saving_of_the_account_ends_nothing(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        user.first_name = "Ada"
        user.save()
        user.save(update_fields=["last_login"])
        assert open_sessions(user) == 1
        assert not told()

    def test_browser_in_which_the_password_was_changed_goes_on(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        sent = {"oldpassword": factories.PASSWORD, "password1": "violet-ladder-41", "password2": "violet-ladder-41"}
        assert driver.browser.post("/accounts/password/change/", sent).status_code == 302
        assert len(told(driver)) == 1
        assert is_signed_in(driver)

    def test_account_deactivated(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        user.is_active = False
        user.save()
        assert reason_of(user) == Reason.ACCOUNT
        assert len(told(driver)) == 1

    def test_account_deactivated_in_bulk_is_told_by_the_nightly_run(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        type(user).objects.filter(pk=user.pk).update(is_active=False)
        assert not told()
        accounts.end_inactive()
        assert len(told(driver)) == 1

    @pytest.mark.parametrize("how", ["plain", "service"])
    def test_account_deleted(self, driver: Driver, user: Any, how: str) -> None:
        claims = driver.id_token(driver.tokens())
        if how == "plain":
            user.delete()
        else:
            deletion.delete_person(user=user)
        (token,) = told(driver)
        assert (token["sub"], token["sid"]) == (claims["sub"], claims["sid"])

    def test_another_person_signs_in_over_it(self, driver: Driver, user: Any, other_user: Any) -> None:
        driver.tokens()
        sign_in_over(driver, other_user)
        assert reason_of(user) == Reason.SIGNED_OVER
        assert len(told(driver)) == 1

    def test_another_person_signs_in_over_several_sign_ins_of_the_same_one(
        self, driver: Driver, user: Any, other_user: Any
    ) -> None:
        driver.tokens()
        sign_in_over(driver, user)
        driver.tokens()
        assert open_sessions(user) == 2
        sign_in_over(driver, other_user)
        assert open_sessions(user) == 0
        assert len({token["sid"] for token in told(driver)}) == 2

    def test_same_person_signing_in_again_ends_nothing(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens(scope="openid", scopes=[])
        driver.sign_in_again(user)
        assert driver.works(tokens.access)
        assert not told()

    def test_somebody_else_elsewhere_ends_nothing(self, driver: Driver, user: Any, other_user: Any) -> None:
        driver.tokens()
        Client().force_login(other_user, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert open_sessions(user) == 1

    def test_administrator_ends_it(self, driver: Driver, user: Any, staff: Any) -> None:
        driver.tokens()
        session = Session.objects.get(user=user)
        assert logout.end_by_administrator(session=session, actor=staff)
        assert reason_of(user) == Reason.ADMINISTRATOR
        assert len(told(driver)) == 1
        event = AuditEvent.objects.get(action=AuditEvent.Action.SESSION_ENDED)
        assert (event.actor, event.data) == (staff, {"session": str(session.sid), "user": str(user.pk)})
        assert not logout.end_by_administrator(session=session, actor=staff)
        assert AuditEvent.objects.filter(action=AuditEvent.Action.SESSION_ENDED).count() == 1
        assert len(told(driver)) == 1


class TestOneApplication:
    @pytest.mark.parametrize("act", [consents.sign_out, consents.withdraw])
    def test_is_told_alone_when_it_is_signed_out_of(self, driver: Driver, second: Driver, user: Any, act: Any) -> None:
        driver.tokens()
        second.tokens()
        assert act(user=user, application=driver.application)
        assert len(told(driver)) == 1
        assert not told(second)
        assert open_sessions(user) == 1
        act(user=user, application=driver.application)
        assert len(told(driver)) == 1

    def test_is_told_when_support_ends_the_consent(self, driver: Driver, user: Any, staff: Any) -> None:
        driver.tokens()
        consent = Authorization.objects.get(user=user).consent
        assert consent_support.end_consent(consent=consent, actor=staff, reason="Asked for by phone.")
        assert len(told(driver)) == 1

    def test_is_told_of_every_session_it_is_in(self, driver: Driver, user: Any, registered: Any) -> None:
        elsewhere = Driver(registered, user)
        driver.tokens()
        elsewhere.tokens()
        consents.sign_out(user=user, application=driver.application)
        assert len({token["sid"] for token in told(driver)}) == 2

    def test_is_not_told_of_what_it_lost_before(self, driver: Driver, second: Driver, user: Any) -> None:
        driver.tokens()
        second.tokens()
        consents.withdraw(user=user, application=driver.application)
        driver.sign_out()
        assert len(told(driver)) == 1
        assert len(told(second)) == 1

    def test_is_not_told_about_a_sign_in_before_its_suspension(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        session = Session.objects.get(user=user)
        Registration.objects.filter(application=driver.application).update(
            tokens_not_before=Authorization.objects.get(user=user).created
        )
        assert not logout.signed_in_to(session=session)

    def test_is_told_of_a_code_that_is_on_its_way(self, driver: Driver) -> None:
        driver.code()
        driver.sign_out()
        assert len(told(driver)) == 1

    def test_that_learns_no_identity_is_not_told_one(self, driver: Driver) -> None:
        driver.tokens(scope="nickname", scopes=["nickname"])
        driver.sign_out()
        assert not told(driver)


class TestAtomic:
    def test_what_is_rolled_back_tells_nobody(self, driver: Driver, user: Any) -> None:
        driver.tokens()

        def fail() -> None:
            with transaction.atomic():
                logout.end_all(user=user, reason=Reason.ACCOUNT)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert open_sessions(user) == 1
        assert not told()

    def test_session_ends_once(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        sid = Session.objects.get(user=user).sid
        assert [each.sid for each in logout.end(sids=[sid], reason=Reason.PERSON)] == [sid]
        assert logout.end(sids=[sid], reason=Reason.ADMINISTRATOR) == []
        assert reason_of(user) == Reason.PERSON
        assert len(told(driver)) == 1

    def test_session_that_had_run_out_is_ended_without_a_word(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        Session.objects.update(expires_at=Session.objects.get(user=user).created)
        assert logout.end_all(user=user, reason=Reason.ACCOUNT) == 1
        assert not told()

    def test_all_of_many_are_ended(self, user: Any, driver: Driver) -> None:
        driver.tokens()
        (known,) = Session.objects.filter(user=user)
        fields = {"user": user, "auth_time": known.auth_time, "expires_at": known.expires_at}
        Session.objects.bulk_create([Session(**fields) for _number in range(2 * logout.BATCH + 1)])
        assert logout.end_all(user=user, reason=Reason.PERSON, but=[known.pk]) == 2 * logout.BATCH + 1
        assert open_sessions(user) == 1


def test_every_line_of_the_page_names_tests_that_exist() -> None:
    root = Path(__file__).resolve().parents[3]
    lines = (root / "docs" / "logout.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith(("| ---", "| What happens"))]
    assert len(rows) >= 14
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)((?:::\w+)+)`", row)
        assert named, row
        for path, parts in named:
            source = (root / path).read_text(encoding="utf-8")
            for name in parts.strip(":").split("::"):
                assert re.search(rf"^\s*(def|class) {name}\b", source, re.MULTILINE), (path, name)


def test_page_after_a_sign_in_over_somebody_else_says_whose_apps_are_told(driver: Driver) -> None:
    """The person at the browser is the next one: nothing of theirs has ended."""
    frame = logout.Frame("Calendar", "https://app.example.com/out?iss=x&sid=y")
    page = driver.browser.get(pages.outcome_address(ended=True, frames=[frame])).content.decode()
    assert "somebody else was signed in here before" in page
    assert "Nothing has changed" not in page
