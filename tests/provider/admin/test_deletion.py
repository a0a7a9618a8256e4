"""Delete accounts and applications with everything they have, by the admin's own pages and the outbox."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model, get_refresh_token_model

from provider_site.models import (
    ApplicationScope,
    AuditEvent,
    Authorization,
    ClientSecret,
    Consent,
    Logo,
    Member,
    OutboxMessage,
    Profile,
    Registration,
    Session,
)
from provider_site.services import connections, deletion, members, outbox, profiles, reviews
from provider_site.signals import application_deleted
from tests import factories
from tests.provider.admin import crowd
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import Driver

User = get_user_model()
Application = get_application_model()
AccessToken, RefreshToken = get_access_token_model(), get_refresh_token_model()


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


class TestDeletingAccounts:
    @pytest.fixture
    def person(self, driver: Driver, user: Any, other_user: Any) -> Any:
        """Return somebody with tokens, a consent, a session, an application, a review and a membership of each kind."""
        driver.tokens()
        own = factories.make_application(owner=user, name="Own", status="draft", description="x").application
        Registration.objects.filter(application=own).update(
            homepage_url="https://a.example/", privacy_policy_url="https://a.example/p"
        )
        ApplicationScope.objects.filter(application=own).update(justification="To greet people.")
        reviews.submit(application=own, actor=user)
        Member.objects.create(application=own, user=other_user, invited_as="x", role="owner", invited_by=user)
        Member.objects.update(accepted_at=timezone.now())
        Member.objects.create(application=driver.application, user=user, invited_as="y", role="tester")
        profiles.set_avatar(user=user, upload=factories.make_picture())
        return user

    def assert_gone(self, person: Any, pk: Any) -> None:
        for model in (AccessToken, RefreshToken, Consent, Session, Authorization, Profile, Member):
            assert not model._base_manager.filter(user=pk).exists(), model
        assert not User.objects.filter(pk=pk).exists()
        events = AuditEvent.objects.filter(actor_name=person.username)
        assert {event.actor_id for event in events} == {None}
        assert {"consent.given", "review.submitted"} <= set(events.values_list("action", flat=True))

    def test_person_with_tokens_is_deleted_by_the_page(self, person: Any, office: Client, other_user: Any) -> None:
        pk, own = person.pk, Application.objects.get(name="Own")
        page = page_of(User, pk, "delete")
        shown = as_html(office.get(page))
        assert "your account doesn't have permission" not in shown.replace("&#x27;", "'")
        assert "Own" not in shown
        assert office.post(page, {"post": "yes"}).status_code == 302
        self.assert_gone(person, pk)
        registration = Registration.objects.get(application=own)
        assert registration.owner is None
        assert registration.application.reviews.count() == 1
        assert members.is_principal(application=own, user=other_user)

    def test_people_are_deleted_by_the_action(self, person: Any, office: Client) -> None:
        pk, second = person.pk, factories.make_user()
        form = {"action": "delete_selected", "_selected_action": [pk, second.pk], "index": "0"}
        assert "Cannot delete" not in as_html(office.post(page_of(User), form))
        assert office.post(page_of(User), {**form, "post": "yes"}).status_code == 302
        self.assert_gone(person, pk)
        assert not User.objects.filter(pk=second.pk).exists()

    def test_application_taken_over_with_its_dot_owner_stays(self, office: Client, user: Any, application: Any) -> None:
        Application.objects.filter(pk=application.pk).update(user=user)
        page = page_of(User, user.pk, "delete")
        assert application.name not in as_html(office.get(page))
        office.post(page, {"post": "yes"})
        assert Application.objects.get(pk=application.pk).user is None

    def test_avatar_file_goes_with_the_account(
        self, person: Any, office: Client, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        picture = Profile.objects.get(user=person).avatar
        assert picture.storage.exists(picture.name)
        with django_capture_on_commit_callbacks(execute=True):
            office.post(page_of(User, person.pk, "delete"), {"post": "yes"})
        assert not picture.storage.exists(picture.name)

    def test_member_of_staff_needs_no_permission_but_that_on_accounts(self, person: Any) -> None:
        clerk = factories.make_user("clerk", is_staff=True)
        # The address is the host's own row, and wants a permission of its own.
        codenames = ["delete_user", "view_user", "delete_emailaddress"]
        clerk.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
        browser = enter(clerk)
        index = as_html(browser.get("/admin/"))
        assert "/admin/auth/user/" in index
        assert "accesstoken" not in index
        assert "consent" not in index
        pk, page = person.pk, page_of(User, person.pk, "delete")
        assert browser.post(page, {"post": "yes"}).status_code == 302
        self.assert_gone(person, pk)

    def test_applications_that_lose_their_owner_say_so_in_the_trail(self, office: Client, staff: Any) -> None:
        person = factories.make_user()
        application = factories.make_application(person).application
        office.post(page_of(User, person.pk, "delete"), {"post": "yes"})
        trace = AuditEvent.objects.get(action="application.changed", application=application)
        assert (trace.actor, trace.address) == (staff, "127.0.0.1")
        assert trace.data["changes"][0]["fact"] == "owner"

    @pytest.mark.slow
    def test_confirmation_for_a_hundred_thousand_tokens_is_bounded(self, office: Client, application: Any) -> None:
        person = factories.make_user()
        crowd.access_tokens(count=100_000, user=str(person.pk), application=str(application.pk))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text = as_html(office.get(page_of(User, person.pk, "delete")))
        assert "1,000+" in text
        assert len(text) < 60_000
        assert len(queries) < 60
        office.post(page_of(User, person.pk, "delete"), {"post": "yes"})
        assert not AccessToken.objects.exists()


class TestDeletingApplications:
    def test_everything_of_it_is_gone_but_the_trail(self, driver: Driver, user: Any, staff: Any) -> None:
        tokens, heard = driver.tokens(), []
        client_id, pk = driver.application.client_id, driver.application.pk

        def listen(registration: Registration, **_kwargs: Any) -> None:
            heard.append(registration.application.client_id)

        application_deleted.connect(listen)
        try:
            assert deletion.delete_application(application=driver.application, actor=staff) is True
        finally:
            application_deleted.disconnect(listen)
        assert heard == [client_id]
        assert not Application.objects.filter(pk=pk).exists()
        for model in (AccessToken, RefreshToken, Consent, Authorization, ClientSecret, Registration, Logo):
            assert not model._base_manager.filter(application=pk).exists()
        assert (
            driver.browser.get("/o/userinfo/", headers={"Authorization": f"Bearer {tokens.access}"}).status_code == 401
        )
        event = AuditEvent.objects.get(action="application.deleted")
        assert (event.actor, event.client_id, event.application) == (staff, client_id, None)
        assert AuditEvent.objects.filter(client_id=client_id).count() >= 3

    def test_logo_file_goes_too(
        self, application: Any, staff: Any, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        logo = Logo.objects.create(key="k" * 43, application=application, picture=factories.make_picture())
        Registration.objects.update(logo=logo)
        assert logo.picture.storage.exists(logo.picture.name)
        with django_capture_on_commit_callbacks(execute=True):
            deletion.delete_application(application=application, actor=staff)
        assert not logo.picture.storage.exists(logo.picture.name)

    def test_second_deletion_and_unknown_application_are_harmless(self, application: Any, staff: Any) -> None:
        pk = application.pk
        deletion.delete_application(application=application, actor=staff)
        outbox_payload = {"application": str(pk)}
        deletion.finish_deletion(outbox_payload)
        assert not Application.objects.filter(pk=pk).exists()

    def test_row_of_the_host_that_protects_is_heeded(self, application: Any, staff: Any) -> None:
        field = Consent._meta.get_field("application")
        consent = Consent.objects.create(user=staff, application=application, given_at=timezone.now())
        before, field.remote_field.on_delete = field.remote_field.on_delete, models.PROTECT
        try:
            with pytest.raises(models.ProtectedError):
                deletion.delete_application(application=application, actor=staff)
        finally:
            field.remote_field.on_delete = before
        assert Consent.objects.filter(pk=consent.pk).exists()
        assert not AuditEvent.objects.filter(action="application.deleted").exists()


@pytest.mark.slow
class TestDeletingLargeApplications:
    @pytest.fixture
    def large(self, driver: Driver, user: Any) -> Any:
        """Return an application with more rows than one answer deletes, one token and consent among them in use."""
        self.tokens = driver.tokens()
        crowd.access_tokens(count=25_000, user=str(user.pk), application=str(driver.application.pk))
        return driver.application

    def test_it_is_dead_and_gone_from_every_page_at_once(
        self, driver: Driver, large: Any, user: Any, staff: Any
    ) -> None:
        client_id = large.client_id
        owner = Registration.objects.get(application=large).owner
        with CaptureQueriesContext(connection) as queries:
            assert deletion.delete_application(application=large, actor=staff) is False
        assert len(queries) < 180
        bearer = {"Authorization": f"Bearer {self.tokens.access}"}
        assert driver.browser.get("/o/userinfo/", headers=bearer).status_code == 401
        assert driver.refresh(self.tokens.refresh).status == 401
        assert driver.authorize().status_code == 400
        assert connections.of_person(user=user).present == []
        assert list(members.owned(user=owner)) == []
        assert not Application.objects.filter(client_id=client_id).exists()
        assert reviews.waiting(application=large) is None
        for step in (reviews.reinstate, reviews.approve):
            with pytest.raises(Exception, match="being deleted"):
                step(application=large, actor=staff)

    def test_outbox_takes_the_rest_and_goes_on_after_a_crash(
        self, large: Any, staff: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deletion.delete_application(application=large, actor=staff)
        monkeypatch.setattr(deletion, "PER_DELIVERY", 3)
        left, real = crowd.count(AccessToken), models.QuerySet.delete
        calls: list[int] = []

        def crashing(rows: Any) -> Any:
            calls.append(1)
            if len(calls) == 2:
                raise RuntimeError("the worker is gone")
            return real(rows)

        with monkeypatch.context() as broken:
            broken.setattr(models.QuerySet, "delete", crashing)
            message = OutboxMessage.objects.get(kind=deletion.KIND)
            assert outbox.deliver(message_id=message.pk) is False
        assert crowd.count(AccessToken) == left - 1000
        OutboxMessage.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())
        for _turn in range(30):
            if not outbox.deliver_due():
                break
        assert not Application.objects.filter(pk=large.pk).exists()
        assert not AccessToken.objects.exists()
        assert not OutboxMessage.objects.filter(kind=deletion.KIND, delivered_at=None).exists()

    def test_second_request_to_delete_writes_no_second_trace(self, large: Any, staff: Any) -> None:
        for _time in range(2):
            assert deletion.delete_application(application=large, actor=staff) is False
        assert AuditEvent.objects.filter(action="application.deleted").count() == 1
        assert OutboxMessage.objects.filter(kind=deletion.KIND).count() == 1
