"""portal/developer/members.py and invitations.py."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from provider_site.models import AuditEvent, Member, OutboxMessage
from provider_site.services import members, outbox
from tests import factories
from tests.provider.developer.browsers import confirm_address, signed_in, without_forms

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(user: Any) -> Any:
    return factories.make_application(user, name="Ada's calendar", status="draft").application


@pytest.fixture
def people(application: Any) -> str:
    """Return the address of the application's members page."""
    return f"/o/developer/{application.pk}/members/"


@pytest.fixture
def owner(user: Any) -> Client:
    return signed_in(user)


def member(application: Any, user: Any, role: str = "tester", *, accepted: bool = True) -> Member:
    """Return a person's membership, by invitation of the application's owner."""
    actor = application.registration.owner
    row = members.invite(application=application, identifier=user.username, role=role, actor=actor)
    if accepted:
        members.accept(member_id=row.pk, user=user)
    row.refresh_from_db()
    return row


def invite(browser: Client, people: str, who: str, role: str = "tester") -> Any:
    return browser.post(f"{people}invite/", {"identifier": who, "role": role})


def answer(browser: Client, row: Member, text: str) -> Any:
    return browser.post(f"/o/invitations/{row.pk}/answer/", {"answer": text}, follow=True)


class TestInviting:
    def test_invited_person_accepts_and_is_listed(self, owner: Client, people: str, other_user: Any) -> None:
        sent = invite(owner, people, other_user.username)
        assert (sent.status_code, sent["Location"]) == (302, people)
        row = Member.objects.get()
        browser = signed_in(other_user)
        page = browser.get("/o/invitations/").content.decode()
        assert "Ada&#x27;s calendar" in page
        assert "Nobody here has reviewed this app." in page
        assert "(user name <bdi>ada</bdi>)" in page
        assert "You have accepted" in answer(browser, row, "accept").content.decode()
        listed = owner.get(people).content.decode()
        assert other_user.username in listed
        assert f"{people}{row.pk}/remove/" in listed
        assert members.is_member(application=row.application, user=other_user)
        assert not members.is_owner(application=row.application, user=other_user)

    @pytest.mark.parametrize("role", ["tester", "owner"])
    def test_answer_is_the_same_whether_or_not_there_is_an_account(
        self, owner: Client, people: str, application: Any, role: str
    ) -> None:
        """Byte for byte, but for CSRF tokens and row numbers: the invitation, the list, a repetition, its removal."""
        factories.make_user("known")
        seen = []
        for who in ("known", "wonkn"):
            pages = [owner.post(f"{people}invite/", {"identifier": who, "role": role}, follow=True)]
            pages += [owner.get(people), invite(owner, people, who.upper(), role), owner.get(people)]
            row = Member.objects.get()
            pages += [owner.post(f"{people}{row.pk}/remove/", follow=True)]
            seen.append([without_forms(page).replace("wonkn", "known").replace("WONKN", "KNOWN") for page in pages])
        assert seen[0] == seen[1]
        assert "known is invited, if there is such an account." in seen[0][0]

    def test_declined_invitation_looks_like_one_never_answered(
        self, owner: Client, people: str, application: Any, other_user: Any
    ) -> None:
        row = member(application, other_user, accepted=False)
        before = without_forms(owner.get(people))
        browser = signed_in(other_user)
        assert "You have declined" in answer(browser, row, "decline").content.decode()
        assert without_forms(owner.get(people)) == before
        assert "calendar" not in browser.get("/o/invitations/").content.decode()
        answer(browser, row, "accept")
        assert not members.is_member(application=application, user=other_user)

    def test_only_a_proven_address_is_matched(self, owner: Client, people: str, other_user: Any) -> None:
        invite(owner, people, other_user.email)
        assert Member.objects.get().user is None
        Member.objects.all().delete()
        confirm_address(other_user)
        invite(owner, people, other_user.email.upper())
        assert Member.objects.get().user == other_user

    def test_user_name_that_is_somebody_s_address_gets_nothing(
        self, owner: Client, people: str, other_user: Any
    ) -> None:
        """Django allows an @ in user names: whoever registers one in time must not be invited in another's place."""
        factories.make_user("victim@example.com", email="evil@example.org")
        invite(owner, people, "victim@example.com", "owner")
        assert Member.objects.get().user is None

    def test_look_alike_of_an_address_gets_nothing(
        self, owner: Client, people: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The Kelvin sign is a small k to a database that folds case by Unicode's rules, which SQLite does not."""
        look_alike = factories.make_user("look-alike", email="\u212aate@example.com")
        confirm_address(look_alike)
        monkeypatch.setitem(connection.operators, "iexact", "LIKE replace(%s, 'k', '_') ESCAPE '\\'")
        invite(owner, people, "kate@example.com", "owner")
        assert Member.objects.get().user is None

    def test_only_the_invited_person_is_written_to(self, owner: Client, people: str, other_user: Any) -> None:
        confirm_address(other_user)
        for who in (other_user.email, "nobody@example.com"):
            invite(owner, people, who)
        for message in OutboxMessage.objects.filter(kind="invitation-mail", delivered_at=None):
            outbox.deliver(message_id=message.pk)
        assert {address for letter in mail.outbox for address in letter.to} == {other_user.email}

    @pytest.mark.parametrize(
        "form", [{"identifier": ""}, {"identifier": " "}, {"identifier": "x" * 255}, {"identifier": "x\x00y"}, {}]
    )
    def test_text_that_names_nobody_is_refused_beside_its_field(
        self, owner: Client, people: str, form: dict[str, str]
    ) -> None:
        page = owner.post(f"{people}invite/", {"role": "tester"} | form)
        assert page.status_code == 400
        assert 'aria-invalid="true"' in page.content.decode()
        assert not Member.objects.exists()

    @pytest.mark.parametrize("role", ["", "admin", "OWNER", "reviewer"])
    def test_role_that_is_none_is_refused(self, owner: Client, people: str, role: str) -> None:
        assert invite(owner, people, "x", role).status_code == 400
        assert not Member.objects.exists()

    def test_oneself_is_not_invited(self, owner: Client, people: str, user: Any) -> None:
        assert "That is you" in invite(owner, people, user.username).content.decode()
        assert not Member.objects.exists()

    def test_members_have_a_limit(self, owner: Client, people: str, application: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(members, "MAX_MEMBERS", 2)
        invite(owner, people, "one")
        invite(owner, people, "two")
        assert invite(owner, people, "three").status_code == 400
        assert Member.objects.count() == 2
        assert f'action="{people}invite/"' not in owner.get(people).content.decode()


class TestAttacks:
    def test_other_people_s_application_is_not_found(self, application: Any, people: str, other_user: Any) -> None:
        row = member(application, factories.make_user())
        attacker = signed_in(other_user)
        before = Member.objects.count()
        assert attacker.get(people).status_code == 404
        assert invite(attacker, people, other_user.username, "owner").status_code == 404
        assert attacker.post(f"{people}{row.pk}/remove/").status_code == 404
        assert Member.objects.count() == before

    def test_member_of_another_application_is_not_found_through_one_s_own(
        self, application: Any, other_user: Any
    ) -> None:
        row = member(application, factories.make_user())
        own = factories.make_application(other_user).application
        attacker = signed_in(other_user)
        assert attacker.post(f"/o/developer/{own.pk}/members/{row.pk}/remove/").status_code == 404
        assert Member.objects.filter(pk=row.pk).exists()

    def test_member_is_removed_under_the_address_of_its_own_application_alone(
        self, application: Any, owner: Client, user: Any
    ) -> None:
        """Even by an owner of both: the page names the application that the audit trail has to name."""
        row = member(application, factories.make_user())
        second = factories.make_application(user).application
        assert owner.post(f"/o/developer/{second.pk}/members/{row.pk}/remove/").status_code == 404
        assert Member.objects.filter(pk=row.pk).exists()

    def test_tester_manages_nothing(self, application: Any, people: str, other_user: Any) -> None:
        row = member(application, other_user)
        tester = signed_in(other_user)
        assert tester.get(people).status_code == 404
        assert invite(tester, people, "friend").status_code == 404
        assert tester.post(f"{people}{row.pk}/remove/").status_code == 404

    def test_invited_co_owner_manages_nothing_before_accepting(
        self, application: Any, people: str, other_user: Any
    ) -> None:
        member(application, other_user, "owner", accepted=False)
        assert signed_in(other_user).get(people).status_code == 404

    def test_co_owner_adds_and_removes_testers_alone(self, application: Any, people: str, other_user: Any) -> None:
        member(application, other_user, "owner")
        third = member(application, factories.make_user("third"), "owner")
        waiting = member(application, factories.make_user("waiting"), "owner", accepted=False)
        browser = signed_in(other_user)
        page = browser.get(people).content.decode()
        assert 'value="owner"' not in page
        assert f"/members/{third.pk}/remove/" not in page
        assert invite(browser, people, "friend", "owner").status_code == 302
        friend = Member.objects.get(invited_as="friend")
        assert friend.role == "tester"
        for row in (third, waiting):
            assert browser.post(f"{people}{row.pk}/remove/").status_code == 404
            assert Member.objects.filter(pk=row.pk).exists()
        assert browser.post(f"{people}{friend.pk}/remove/").status_code == 302
        assert not Member.objects.filter(pk=friend.pk).exists()

    def test_owner_is_no_row_that_could_be_removed(self, application: Any, people: str, other_user: Any) -> None:
        """The owner's own name invites nobody, and removing that row takes nothing from the owner."""
        member(application, other_user, "owner")
        browser = signed_in(other_user)
        invite(browser, people, application.registration.owner.username)
        row = Member.objects.get(invited_as="ada")
        assert row.user is None
        browser.post(f"{people}{row.pk}/remove/")
        assert members.is_principal(application=application, user=application.registration.owner)

    @pytest.mark.parametrize("text", ["accept", "decline", "leave"])
    def test_somebody_else_s_invitation_is_not_answered(self, application: Any, other_user: Any, text: str) -> None:
        row = member(application, factories.make_user("invited"), "owner", accepted=text == "leave")
        attacker = signed_in(other_user)
        page = answer(attacker, row, text).content.decode()
        assert "Nothing has changed." in page
        assert "calendar" not in page
        nothing = answer(attacker, Member(pk=row.pk + 1000), text)
        assert without_forms(answer(attacker, row, text)) == without_forms(nothing)
        row.refresh_from_db()
        assert (row.user.username, bool(row.accepted_at)) == ("invited", text == "leave")

    def test_invitation_to_nobody_is_nobody_s(self, application: Any, other_user: Any, owner: Client) -> None:
        actor = application.registration.owner
        row = members.invite(application=application, identifier="future", role="owner", actor=actor)
        browser = signed_in(factories.make_user("future"))
        answer(browser, row, "accept")
        row.refresh_from_db()
        assert (row.user, row.accepted_at) == (None, None)

    @pytest.mark.parametrize("text", ["", "ACCEPT", "owner"])
    def test_answer_that_is_none_changes_nothing(self, application: Any, other_user: Any, text: str) -> None:
        row = member(application, other_user, accepted=False)
        assert "Nothing has changed." in answer(signed_in(other_user), row, text).content.decode()
        row.refresh_from_db()
        assert row.accepted_at is None

    def test_every_form_wants_its_token(self, application: Any, people: str, user: Any, other_user: Any) -> None:
        row = member(application, other_user, accepted=False)
        owner = signed_in(user, enforce_csrf_checks=True)
        invited = signed_in(other_user, enforce_csrf_checks=True)
        assert invite(owner, people, "friend").status_code == 403
        assert owner.post(f"{people}{row.pk}/remove/").status_code == 403
        assert invited.post(f"/o/invitations/{row.pk}/answer/", {"answer": "accept"}).status_code == 403
        assert list(Member.objects.values_list("pk", "accepted_at")) == [(row.pk, None)]

    def test_get_does_nothing(self, application: Any, people: str, owner: Client, other_user: Any) -> None:
        row = member(application, other_user, accepted=False)
        before = list(Member.objects.values()), AuditEvent.objects.count()
        invited = signed_in(other_user)
        assert owner.get(f"{people}invite/", {"identifier": "x", "role": "owner"}).status_code == 405
        assert owner.get(f"{people}{row.pk}/remove/").status_code == 405
        assert invited.get(f"/o/invitations/{row.pk}/answer/", {"answer": "accept"}).status_code == 405
        owner.get(people)
        invited.get("/o/invitations/", {"answer": "accept"})
        assert (list(Member.objects.values()), AuditEvent.objects.count()) == before


class TestLeaving:
    @pytest.mark.parametrize("role", ["tester", "owner"])
    def test_member_leaves_on_the_invitations_page(self, application: Any, other_user: Any, role: str) -> None:
        row = member(application, other_user, role)
        browser = signed_in(other_user)
        assert "What you have accepted" in browser.get("/o/invitations/").content.decode()
        assert "You have left" in answer(browser, row, "leave").content.decode()
        assert not members.is_member(application=application, user=other_user)
        assert browser.get(f"/o/developer/{application.pk}/members/").status_code == 404

    def test_co_owner_leaves_on_the_members_page(self, application: Any, people: str, other_user: Any) -> None:
        row = member(application, other_user, "owner")
        sent = signed_in(other_user).post(f"{people}{row.pk}/remove/")
        assert (sent.status_code, sent["Location"]) == (302, "/o/invitations/")
        assert not Member.objects.exists()

    def test_co_owner_of_a_deleted_account_s_application_takes_over(
        self, application: Any, people: str, other_user: Any
    ) -> None:
        member(application, other_user, "owner")
        application.registration.owner = None
        application.registration.save()
        browser = signed_in(other_user)
        assert 'value="owner"' in browser.get(people).content.decode()
        assert invite(browser, people, "another", "owner").status_code == 302
        assert Member.objects.get(invited_as="another").role == "owner"


def test_names_are_escaped(owner: Client, people: str, application: Any, user: Any, other_user: Any) -> None:
    hostile = "<script>alert(1)</script>"
    invite(owner, people, hostile)
    assert hostile not in owner.get(people).content.decode()
    type(application).objects.filter(pk=application.pk).update(name=hostile)
    user.first_name = hostile
    user.save()
    member(application, other_user, accepted=False)
    assert hostile not in signed_in(other_user).get("/o/invitations/").content.decode()


def test_pages_are_stored_nowhere(owner: Client, people: str) -> None:
    for address in (people, "/o/invitations/"):
        page = owner.get(address)
        assert "no-store" in page["Cache-Control"]
        assert "default-src 'self'" in page["Content-Security-Policy"]


def test_many_members_cost_few_queries(
    owner: Client, people: str, application: Any, django_assert_max_num_queries: Any
) -> None:
    for _index in range(30):
        member(application, factories.make_user())
    with django_assert_max_num_queries(25):
        assert owner.get(people).status_code == 200


def test_pages_work_without_messages(people: str, owner: Client, other_user: Any, settings: Any) -> None:
    dropped = "django.contrib.messages.middleware.MessageMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != dropped]
    assert invite(owner, people, other_user.username).status_code == 302
    row = Member.objects.get()
    assert answer(signed_in(other_user), row, "accept").status_code == 200
    assert owner.post(f"{people}{row.pk}/remove/", follow=True).status_code == 200
    assert not Member.objects.exists()
