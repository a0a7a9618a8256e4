"""Sessions in the admin: seen, ended in a person's place, and what became of the messages about them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from provider_site.models import AuditEvent, OutboxMessage, Session
from provider_site.services import outbox, roles
from tests import factories
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import Driver
from tests.provider.logout import is_signed_in, told, wants

LIST = page_of(Session)


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


@pytest.fixture
def session(driver: Driver, user: Any) -> Session:
    """Return the session in which a person is signed in to an application."""
    wants(driver)
    driver.tokens()
    return Session.objects.get(user=user)


def clerk(*codenames: str) -> Client:
    person = factories.make_user(is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return enter(person)


def page(session: Session, step: str = "change") -> str:
    return page_of(Session, session.pk, step)


class TestSeen:
    def test_list_says_who_how_and_whether_it_is_open(self, office: Client, session: Session, user: Any) -> None:
        Session.objects.update(amr=["otp", "pwd"], user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
        html = as_html(office.get(LIST))
        for words in (user.username, "otp pwd", "Firefox", "Open"):
            assert words in html

    def test_search_takes_a_whole_user_name(self, office: Client, session: Session, user: Any) -> None:
        for words, count in ((user.username, 1), ("nobody", 0), ("", 1)):
            answer = office.get(LIST, {"q": words})
            assert len(answer.context["cl"].queryset) == count, words

    def test_page_names_the_applications_and_what_they_were_told(
        self, office: Client, session: Session, driver: Driver
    ) -> None:
        assert driver.application.name in as_html(office.get(page(session)))
        driver.sign_out()
        html = as_html(office.get(page(session)))
        assert "Signed out in that browser" in html
        assert driver.application.client_id in html
        assert "Waiting" in html

    def test_page_of_one_that_ran_out_says_so(self, office: Client, session: Session) -> None:
        Session.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        assert "its time ran out" in as_html(office.get(page(session)))

    def test_rows_are_neither_added_nor_changed_nor_deleted(self, office: Client, session: Session) -> None:
        assert office.get(page_of(Session, "add")).status_code == 403
        assert office.get(page(session, "delete")).status_code == 403
        office.post(page(session), {"address": "192.0.2.1"})
        assert Session.objects.get().address != "192.0.2.1"


class TestEnd:
    def test_ends_it_tells_the_application_and_leaves_a_trace(
        self, office: Client, session: Session, driver: Driver, staff: Any
    ) -> None:
        assert driver.application.name in as_html(office.get(page(session, "end")))
        answer = office.post(page(session, "end"))
        assert answer["Location"] == page(session)
        assert "Ended by an administrator" in as_html(office.get(page(session)))
        assert len(told(driver)) == 1
        assert not is_signed_in(driver)
        event = AuditEvent.objects.get(action=AuditEvent.Action.SESSION_ENDED)
        assert (event.actor, event.data["session"]) == (staff, str(session.sid))

    def test_a_second_time_says_that_it_was_over(self, office: Client, session: Session, driver: Driver) -> None:
        office.post(page(session, "end"))
        assert "It was over already." in as_html(office.post(page(session, "end"), follow=True))
        assert len(told(driver)) == 1
        assert "over already" in as_html(office.get(page(session, "end")))

    def test_action_ends_those_ticked(self, office: Client, session: Session, driver: Driver) -> None:
        ticked = {"action": "end_ticked", "_selected_action": [str(session.pk)]}
        assert "Ended 1 session." in as_html(office.post(LIST, ticked, follow=True))
        assert len(told(driver)) == 1

    def test_needs_its_own_permission(self, session: Session, driver: Driver) -> None:
        viewer, ender = clerk("view_session"), clerk("view_session", "end_session")
        blind = clerk("end_session")
        assert "End this session" not in as_html(viewer.get(page(session)))
        for browser in (viewer, blind):
            assert browser.get(page(session, "end")).status_code == 403
            assert browser.post(page(session, "end")).status_code == 403
        viewer.post(LIST, {"action": "end_ticked", "_selected_action": [str(session.pk)]})
        assert not told(driver)
        assert "End this session" in as_html(ender.get(page(session)))
        assert ender.post(page(session, "end")).status_code == 302
        assert len(told(driver)) == 1

    def test_needs_a_recent_sign_in(self, office: Client, session: Session, driver: Driver, monkeypatch: Any) -> None:
        monkeypatch.setattr("project.admin.signed_in_recently", lambda _request: True)  # as under a stock AdminSite
        monkeypatch.setattr(
            "provider_site.services.sessions.auth_time", lambda *, request: timezone.now() - timedelta(hours=1)
        )
        assert "You signed in a while ago" in as_html(office.get(page(session, "end")))
        office.post(page(session, "end"))
        ticked = {"action": "end_ticked", "_selected_action": [str(session.pk)]}
        assert "Nothing was done" in as_html(office.post(LIST, ticked, follow=True))
        assert not told(driver)

    def test_unknown_session_is_not_found(self, office: Client, session: Session) -> None:
        session.pk = "00000000-0000-4000-8000-000000000000"
        assert office.get(page(session, "end")).status_code == 404

    def test_operators_may_and_reviewers_may_not(self, session: Session) -> None:
        wanted = roles._wanted()
        assert ("provider_site.Session", "end_session") in wanted[roles.OPERATORS]
        assert ("provider_site.Session", "end_session") not in wanted[roles.REVIEWERS] | wanted[roles.AUDITORS]


class TestDeliveries:
    @pytest.fixture
    def message(self, session: Session, driver: Driver) -> OutboxMessage:
        """Return a message that was given up."""
        driver.sign_out()
        wants(driver, back="http://127.0.0.1:9/")
        outbox.deliver_due()
        OutboxMessage.objects.update(dead_at=timezone.now(), attempts=8)
        return OutboxMessage.objects.get(about=str(session.sid))

    def test_list_shows_kind_application_state_and_last_error(
        self, office: Client, message: OutboxMessage, driver: Driver
    ) -> None:
        html = as_html(office.get(page_of(OutboxMessage), {"state": "dead", "kind": "backchannel-logout"}))
        for words in ("backchannel-logout", driver.application.client_id, "Given up", message.last_error[:20]):
            assert words in html

    def test_button_tries_again(self, office: Client, message: OutboxMessage) -> None:
        html = as_html(office.get(page_of(OutboxMessage, message.pk, "change")))
        assert "Try to deliver again" in html
        retry = page_of(OutboxMessage, message.pk, "retry")
        assert office.get(retry).status_code == 405
        assert office.post(retry)["Location"] == page_of(OutboxMessage, message.pk, "change")
        message.refresh_from_db()
        assert (message.dead_at, message.attempts) == (None, 0)

    def test_button_needs_its_permission(self, message: OutboxMessage) -> None:
        viewer = clerk("view_outboxmessage")
        assert "Try to deliver again" not in as_html(viewer.get(page_of(OutboxMessage, message.pk, "change")))
        assert viewer.post(page_of(OutboxMessage, message.pk, "retry")).status_code == 403

    def test_who_may_not_see_messages_sees_none_beside_a_session(self, session: Session, message: Any) -> None:
        html = as_html(clerk("view_session").get(page(session)))
        assert "What applications were told" not in html
