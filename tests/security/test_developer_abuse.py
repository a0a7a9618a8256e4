"""Use the developer pages against other people: to flood them, to write to strangers, to undo what the site decided."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from provider_site.errors import NotAllowed, ReviewConflict
from provider_site.models import AuditEvent, ClientSecret, Member, OutboxMessage, Registration
from provider_site.services import deletion, facts, members, outbox, reviews, secrets
from tests import factories
from tests.flows.test_at_once import at_once
from tests.provider.developer import pages
from tests.provider.developer.browsers import confirm_address, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(user: Any) -> Any:
    return factories.make_draft(user).application


@pytest.fixture
def developer(user: Any, settings: Any) -> Client:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {
        "WHO_MAY_REGISTER": "everyone",
        "REVIEW_ADDRESSES": ["review@example.com"],
    }
    return signed_in(user)


def a_day_passes() -> None:
    """Let everything in the audit trail be older than a day."""
    AuditEvent._base_manager.update(at=timezone.now() - timedelta(days=1, seconds=1))


class TestFlooding:
    def test_person_is_not_invited_over_and_over(self, application: Any, user: Any, other_user: Any) -> None:
        """Removed and invited again, each time with a letter."""
        confirm_address(other_user)

        def invite(name: str) -> None:
            row = members.invite(application=application, identifier=name, role="tester", actor=user)
            members.remove(member=row, actor=user)

        spellings = [other_user.email, other_user.email.upper(), other_user.email.capitalize()]
        for number in range(members.SAME_PERSON_A_DAY):
            invite(spellings[number % 3])
        for spelling in spellings:
            with pytest.raises(ValidationError) as refused:
                invite(spelling)
            assert refused.value.code == "too_often"
        invite("somebody-else")
        a_day_passes()
        invite(other_user.email)

    def test_nor_over_and_over_by_several_applications(self, application: Any, user: Any) -> None:
        for _number in range(members.SAME_PERSON_A_DAY):
            own = factories.make_application(user, status="draft").application
            members.invite(application=own, identifier="victim", role="tester", actor=user)
        with pytest.raises(ValidationError):
            members.invite(application=application, identifier="victim", role="tester", actor=user)

    def test_invitations_of_one_person_have_an_end(
        self, application: Any, user: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(members, "INVITATIONS_A_DAY", 3)
        for number in range(3):
            row = members.invite(application=application, identifier=f"p{number}", role="tester", actor=user)
            members.remove(member=row, actor=user)
        with pytest.raises(ValidationError):
            members.invite(application=application, identifier="p3", role="tester", actor=user)
        a_day_passes()
        members.invite(application=application, identifier="p3", role="tester", actor=user)

    def test_reviewers_get_one_letter_of_many_submissions(self, developer: Client, application: Any, user: Any) -> None:
        for _time in range(5):
            reviews.submit(application=application, actor=user)
            outbox.deliver_due()
            reviews.withdraw(application=application, actor=user)
        outbox.deliver_due()
        assert [letter.to for letter in mail.outbox] == [["review@example.com"]]

    def test_nor_many_of_many_changes(self, developer: Client, application: Any, user: Any) -> None:
        reviews.approve(application=application, actor=None)
        outbox.deliver_due()
        mail.outbox.clear()
        shown = facts.read(application=application)
        for number in range(5):
            asked = type(shown).from_json({**shown.to_json(), "description": f"Shows your {number} days."})
            reviews.change(application=application, actor=user, asked=asked)
            outbox.deliver_due()
        assert [letter.to for letter in mail.outbox] == [["review@example.com"]]

    def test_submission_after_a_withdrawn_one_is_told_of_all_the_same(
        self, developer: Client, application: Any, user: Any
    ) -> None:
        reviews.submit(application=application, actor=user)
        reviews.withdraw(application=application, actor=user)
        reviews.submit(application=application, actor=user)
        outbox.deliver_due()
        assert not mail.outbox
        OutboxMessage.objects.update(next_attempt_at=timezone.now())
        outbox.deliver_due()
        assert len(mail.outbox) == 1

    def test_submission_after_a_rejected_one_is_told_of_at_once(
        self, developer: Client, application: Any, user: Any
    ) -> None:
        for count in (1, 2):
            reviews.submit(application=application, actor=user)
            outbox.deliver_due()
            assert sum(letter.to == ["review@example.com"] for letter in mail.outbox) == count
            reviews.reject(application=application, actor=None, reason="No.")

    def test_secrets_are_not_made_without_end(
        self, application: Any, user: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(secrets, "MAX_A_DAY", 4)
        for _number in range(3):  # the first was made at registration
            secrets.issue_secret(application=application, actor=user)
            secrets.revoke(secret=ClientSecret.objects.latest("pk"), actor=user)
        for make in (secrets.issue_secret, secrets.rotate):
            more = {"overlap": timedelta(0)} if make is secrets.rotate else {}
            with pytest.raises(ValidationError):
                make(application=application, actor=user, **more)
        ClientSecret.objects.update(created=timezone.now() - timedelta(days=1, seconds=1))
        secrets.issue_secret(application=application, actor=user)


class TestStrangers:
    def test_letter_with_somebody_s_own_words_goes_to_proven_addresses_alone(self, application: Any, user: Any) -> None:
        """An account of the sender's own, with an address of the victim's."""
        factories.make_user("puppet", email="victim@example.com")
        members.invite(application=application, identifier="puppet", role="tester", actor=user)
        outbox.deliver_due()
        assert not mail.outbox
        assert Member.objects.get().user.username == "puppet"


class TestSuspended:
    @pytest.fixture
    def suspended(self, application: Any) -> Any:
        reviews.suspend(application=application, actor=None, reason="It is phishing.")
        return application

    @pytest.mark.parametrize("role", ["tester", "owner"])
    def test_invites_nobody(self, suspended: Any, developer: Client, role: str) -> None:
        answer = developer.post(f"/o/developer/{suspended.pk}/members/invite/", {"identifier": "friend", "role": role})
        assert answer.status_code == 400
        assert "suspended" in answer.content.decode()
        assert not Member.objects.exists()

    def test_is_not_deleted_by_a_form_that_was_under_way(
        self, application: Any, developer: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Suspended after the page had looked at the state, and before the service takes the lock."""
        original = deletion.delete_application

        def late(**options: Any) -> bool:
            reviews.suspend(application=application, actor=None, reason="It is phishing.")
            return original(**options)

        monkeypatch.setattr(deletion, "delete_application", late)
        answer = developer.post(f"/o/developer/{application.pk}/delete/", {"name": application.name})
        assert answer.status_code == 409
        assert "suspended" in answer.content.decode()
        assert Registration.objects.get().status == "suspended"

    def test_is_deleted_by_the_site(self, suspended: Any) -> None:
        assert deletion.delete_application(application=suspended, actor=None)


class TestDeleted:
    def test_invites_nobody(self, application: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deletion, "AT_ONCE", 0)  # its rows go later
        deletion.delete_application(application=application, actor=None)
        Registration.objects.update(owner=user)  # as who asked before would have found it
        with pytest.raises((NotAllowed, ReviewConflict)):
            members.invite(application=application, identifier="friend", role="tester", actor=user)
        assert not Member.objects.exists()

    @pytest.mark.parametrize("small", [True, False])
    @pytest.mark.parametrize(
        "address",
        ["", "submit/", "withdraw/", "edit/", "delete/", "members/invite/", "secrets/issue/", "secrets/rotate/"],
    )
    def test_takes_nothing_from_who_was_under_way(
        self, developer: Client, application: Any, monkeypatch: pytest.MonkeyPatch, address: str, small: bool
    ) -> None:
        """Deleted by another owner, after the page had made sure that this one may."""
        page = f"/o/developer/{application.pk}/"
        form = pages.facts(client_type=None, identifier="friend", role="tester", lifetime="30", overlap="0")
        form["seen"] = str(ClientSecret.objects.get().pk)
        if address == "edit/":
            form["seen"] = pages.hidden(developer.get(page + address), "seen")
        if address == "delete/":
            form["name"] = application.name
        if not small:
            monkeypatch.setattr(deletion, "AT_ONCE", 0)
        original = members.own_application

        def late(**options: Any) -> Any:
            found = original(**options)
            assert found.registration.deleted_at is None
            deletion.delete_application(application=type(found).objects.get(), actor=None)
            return found

        monkeypatch.setattr(members, "own_application", late)
        answer = developer.post(page + address, form) if address else developer.get(page)
        assert answer.status_code in ({302, 404} if address == "delete/" else {400, 404, 409})
        assert not ClientSecret.objects.exists()
        assert not Member.objects.exists()

    def test_does_not_come_back_by_its_old_form(self, developer: Client, user: Any) -> None:
        """A client ID that was somebody's application, in logs and in other people's settings, names no new one."""
        form = pages.facts(once=pages.hidden(developer.get(pages.NEW), "once"))
        assert developer.post(pages.NEW, form).status_code == 201
        deletion.delete_application(application=Registration.objects.get().application, actor=None)
        answer = developer.post(pages.NEW, form)
        assert (answer.status_code, answer["Location"]) == (302, "/o/developer/")
        assert not Registration.objects.exists()


def test_who_is_not_signed_in_owns_nothing_that_has_no_owner(application: Any) -> None:
    Registration.objects.update(owner=None)
    assert not members.is_principal(application=application, user=AnonymousUser())


def test_origins_written_at_registration_are_kept(developer: Client) -> None:
    assert pages.register(developer, allowed_origins="https://app.example.com").status_code == 201
    application = Registration.objects.get().application
    assert facts.read(application=application).allowed_origins == ("https://app.example.com",)


@pytest.mark.django_db(transaction=True)
def test_deletion_and_an_acceptance_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL, whoever has taken a member's row refers to the application's next, which a deletion changes."""
    owner, invited = factories.make_user(), factories.make_user()
    application = factories.make_application(owner).application
    row = members.invite(application=application, identifier=invited.username, role="owner", actor=owner)
    taken, wanted = Event(), Event()
    note = members._note

    def late(*arguments: Any, **options: Any) -> None:
        taken.set()
        wanted.wait(1)  # where one writer waits for the other from the beginning, in vain
        note(*arguments, **options)

    def watch(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("DELETE") and Member._meta.db_table in sql:
            wanted.set()
        return execute(sql, *arguments)

    def delete() -> bool:
        taken.wait(20)
        with connection.execute_wrapper(watch):
            return deletion.delete_application(application=application, actor=None)

    def accept() -> bool:
        return members.accept(member_id=row.pk, user=invited) is not None

    monkeypatch.setattr(members, "_note", late)
    assert at_once(lambda number: (accept, delete)[number](), 2) == [True, True]
    assert not Member.objects.exists()
