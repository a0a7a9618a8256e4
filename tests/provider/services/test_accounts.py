"""What an account's deactivation, reactivation, new password and deletion end at the applications."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_delete, post_save, pre_delete
from django.test.utils import CaptureQueriesContext, isolate_apps
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site.models import (
    AppProfile,
    AuditEvent,
    Authorization,
    Consent,
    OutboxMessage,
    PairwiseSubject,
    Profile,
    Registration,
    Session,
    UnionSubject,
)
from provider_site.services import accounts, deletion, profiles, sessions
from provider_site.storage import accounts as storage
from tests import factories
from tests.flows.test_at_once import at_once
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key, query

User = get_user_model()
ONLINE = {"scope": "openid nickname", "scopes": ["nickname"]}
NEW_PASSWORD = "another horse, another battery"


def told(kind: str) -> list[Any]:
    """Return the security events of a kind that wait to be sent."""
    rows = OutboxMessage.objects.filter(kind="security-event")
    return [row.payload["claims"] for row in rows if kind in str(row.payload["claims"]["events"])]


def traces(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action))


def deactivate(user: Any) -> None:
    user.is_active = False
    user.save()


def activate(user: Any) -> None:
    user.is_active = True
    user.save()


@pytest.fixture
def without_middleware(settings: Any) -> None:
    """Have a host that does not sign out a browser whose session was ended elsewhere."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != sessions.MIDDLEWARE]


class TestDeactivation:
    @pytest.fixture(autouse=True)
    def _address_for_events(self, driver: Driver) -> None:
        Registration.objects.update(events_url="https://app.example.com/events")

    def test_tokens_codes_and_sessions_end_for_good_and_consents_stay(self, driver: Driver, user: Any) -> None:
        tokens, code = driver.tokens(), driver.code()
        deactivate(user)
        activate(user)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.redeem(code).error == "invalid_grant"
        assert not Session.objects.filter(ended_at=None).exists()
        assert not Authorization.objects.filter(revoked_at=None).exists()
        assert not get_access_token_model().objects.exists()
        assert not get_grant_model().objects.exists()
        assert not get_refresh_token_model().objects.filter(revoked__isnull=True).exists()
        assert Consent.objects.get().closed_at is None

    def test_reactivated_person_is_signed_out_in_the_browser_too(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        deactivate(user)
        activate(user)
        assert "/accounts/login/" in driver.browser.get("/o/profile/")["Location"]

    def test_reactivated_person_signs_in_anew_and_is_not_asked_again(
        self, driver: Driver, user: Any, without_middleware: None
    ) -> None:
        driver.tokens()
        deactivate(user)
        activate(user)
        assert driver.browser.get("/o/profile/").status_code == 200, "Django's own session has outlived it"
        assert query(driver.authorize(prompt="none"))["error"] == "login_required"
        assert "/accounts/" in driver.authorize()["Location"]
        driver.sign_in_again(user)
        assert driver.works(driver.redeem(query(driver.authorize())["code"]).access)

    def test_password_proved_again_is_signing_in_anew(
        self, driver: Driver, user: Any, without_middleware: None
    ) -> None:
        driver.tokens()
        deactivate(user)
        activate(user)
        posted = driver.browser.post(driver.authorize()["Location"], {"password": factories.PASSWORD})
        assert "code" in query(driver.browser.get(posted["Location"]))
        assert "code" in query(driver.authorize())

    def test_trace_and_notice_are_written_once(self, driver: Driver, user: Any, other_user: Any) -> None:
        driver.tokens()
        elsewhere = Driver(factories.make_application(), other_user)
        others = elsewhere.tokens()
        deactivate(user)
        user.save()
        (event,) = traces("account.deactivated")
        assert event.data == {"user": str(user.pk)}
        (claims,) = told("account-disabled")
        assert claims["sub_id"]["sub"] == Profile.objects.get(user=user).subject
        assert elsewhere.works(others.access)

    def test_account_with_nothing_to_end_leaves_no_trace(self, user: Any) -> None:
        deactivate(user)
        assert not traces("account.deactivated")
        with CaptureQueriesContext(connection) as queries:
            user.save()
        assert not [each for each in queries if each["sql"].startswith(("DELETE", "INSERT"))]
        assert len([each for each in queries if each["sql"].startswith("UPDATE")]) == 1, "Django's own"

    def test_save_that_does_not_write_it_ends_nothing(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens()
        user.is_active = False
        user.save(update_fields=["email"])
        assert driver.works(tokens.access)
        user.save(update_fields=["is_active"])
        activate(user)
        assert not driver.works(tokens.access)

    def test_save_of_an_active_account_ends_nothing(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens()
        user.save()
        assert driver.works(tokens.access)

    def test_proxy_of_the_user_model_counts_too(
        self, driver: Driver, user: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with isolate_apps("provider_site"):

            class Colleague(User):  # type: ignore[misc, valid-type]  # the host's user model, known at run time
                class Meta:
                    app_label = "provider_site"
                    proxy = True

        driver.tokens()
        monkeypatch.setattr(accounts.apps, "get_models", lambda: [Colleague, Registration])
        accounts.connect_receivers()
        try:
            deactivate(Colleague.objects.get(pk=user.pk))
        finally:
            post_save.disconnect(sender=Colleague, dispatch_uid="provider_site.accounts.saved.provider_site.Colleague")
            pre_delete.disconnect(
                sender=Colleague, dispatch_uid="provider_site.accounts.deleted.provider_site.Colleague"
            )
        assert len(traces("account.deactivated")) == 1

    def test_bulk_update_is_refused_at_use_and_ended_at_night(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens()
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert not driver.works(tokens.access)
        call_command("end_consents")
        User.objects.filter(pk=user.pk).update(is_active=True)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert len(traces("account.deactivated")) == 1
        assert len(told("account-disabled")) == 1

    def test_bulk_reactivation_before_the_night_brings_tokens_back(self, driver: Driver, user: Any) -> None:
        tokens = driver.tokens()
        User.objects.filter(pk=user.pk).update(is_active=False)
        User.objects.filter(pk=user.pk).update(is_active=True)
        call_command("end_consents")
        assert driver.works(tokens.access)

    def test_night_reaches_every_inactive_account(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(accounts, "BATCH", 1)
        for _number in range(3):
            Driver(self.registered(driver), factories.make_user()).tokens()
        User.objects.exclude(pk=driver.application.registration.owner_id).update(is_active=False)
        assert accounts.end_inactive() == 3
        assert accounts.end_inactive() == 0

    def registered(self, driver: Driver) -> Any:
        class Registered:
            application, client_secret = driver.application, driver.secret

        return Registered

    def test_tokens_of_stock_dot_go_too(self, driver: Driver, user: Any) -> None:
        driver.tokens()
        Session.objects.all().delete()
        Authorization.objects.all().delete()
        assert storage.has_access(user_id=user.pk)
        assert list(storage.inactive_people()) == []
        deactivate(user)
        assert not get_access_token_model().objects.exists()
        assert not storage.has_access(user_id=user.pk)


def test_deactivation_at_once_is_written_once(transactional_db: None) -> None:
    plant_signing_key()
    user = factories.make_user()
    Driver(factories.make_application(), user).tokens()
    User.objects.update(is_active=False)
    assert sorted(at_once(lambda _number: accounts.end_access(user=user), 4)) == [False] * 3 + [True]
    assert len(traces("account.deactivated")) == 1


class TestPassword:
    """Both positions of PASSWORD_CHANGE_ENDS, each end to end."""

    def change(self, driver: Driver) -> None:
        """Change the password on allauth's page, as a person does."""
        form = {"oldpassword": factories.PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        answer = driver.browser.post("/accounts/password/change/", form)
        assert answer.status_code == 302, answer.content.decode()[:500]

    def ends(self, settings: Any, value: str) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"PASSWORD_CHANGE_ENDS": value}

    @pytest.mark.parametrize("position", ["sessions", "everything"])
    def test_either_way_tokens_that_hang_on_a_sign_in_end(self, driver: Driver, settings: Any, position: str) -> None:
        self.ends(settings, position)
        tokens, code = driver.tokens(**ONLINE), driver.code(**ONLINE)
        self.change(driver)
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        assert driver.redeem(code).error == "invalid_grant"

    @pytest.mark.parametrize(("position", "lives"), [("sessions", True), ("everything", False)])
    def test_site_chooses_what_happens_to_offline_access(
        self, driver: Driver, settings: Any, position: str, lives: bool
    ) -> None:
        self.ends(settings, position)
        tokens, code = driver.tokens(), driver.code()
        self.change(driver)
        assert driver.works(tokens.access) is lives
        assert (driver.redeem(code).error is None) is lives
        assert (driver.refresh(tokens.refresh).error is None) is lives

    @pytest.mark.parametrize("position", ["sessions", "everything"])
    def test_person_stays_signed_in_and_is_not_asked_again(
        self, driver: Driver, settings: Any, user: Any, position: str
    ) -> None:
        self.ends(settings, position)
        driver.tokens()
        self.change(driver)
        assert driver.browser.get("/o/profile/").status_code == 200
        tokens = driver.redeem(query(driver.authorize())["code"])
        assert driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).status == 200
        assert Consent.objects.get().closed_at is None

    @pytest.mark.parametrize(("position", "lives"), [("sessions", True), ("everything", False)])
    def test_stronger_hash_at_a_sign_in_counts_as_a_new_password_as_it_does_for_django(
        self, driver: Driver, settings: Any, user: Any, position: str, lives: bool
    ) -> None:
        """Django binds its sessions to the hash: signing in elsewhere with a hash to be renewed ends the others."""
        self.ends(settings, position)
        online, offline = driver.tokens(**ONLINE), driver.tokens(prompt="consent")
        settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        elsewhere = Driver(self.registered(driver))
        form = {"login": user.username, "password": factories.PASSWORD}
        assert elsewhere.browser.post("/accounts/login/", form).status_code == 302
        before = user.password
        user.refresh_from_db()
        assert user.password != before
        assert driver.browser.get("/o/profile/").status_code == 302, "Django's own session is over too"
        assert not driver.works(online.access)
        assert driver.works(offline.access) is lives

    def registered(self, driver: Driver) -> Any:
        class Registered:
            application, client_secret = driver.application, driver.secret

        return Registered


class TestDeletion:
    @pytest.fixture
    def person(self, driver: Driver, user: Any) -> Any:
        """Return somebody with one of everything."""
        Registration.objects.update(events_url="https://app.example.com/events")
        driver.tokens()
        profiles.set_avatar(user=user, upload=factories.make_picture())
        picture = factories.make_picture()
        row = AppProfile(user=user, application=driver.application, avatar_choice="other", avatar_key="k" * 43)
        row.avatar.save("picture.png", picture)
        PairwiseSubject.objects.create(user=user, sector="app.example.com")
        UnionSubject.objects.create(user=user, owner=driver.application.registration.owner)
        return user

    ways = pytest.mark.parametrize(
        "delete",
        [lambda user: deletion.delete_person(user=user), lambda user: user.delete()],
        ids=["delete_person", "user.delete"],
    )

    @ways
    def test_nothing_of_the_person_is_left(
        self,
        driver: Driver,
        person: Any,
        delete: Callable[[Any], Any],
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        pk, tokens = person.pk, driver.tokens()
        files = [Profile.objects.get().avatar, AppProfile.objects.get().avatar]
        with django_capture_on_commit_callbacks(execute=True):
            delete(person)
        for model in (Consent, Session, Authorization, Profile, AppProfile, PairwiseSubject, UnionSubject):
            assert not model._base_manager.filter(user=pk).exists(), model
        for model in (get_access_token_model(), get_refresh_token_model(), get_grant_model()):
            assert not model._base_manager.filter(user=pk).exists(), model
        assert not [each.name for each in files if each.storage.exists(each.name)]
        assert not driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).error == "invalid_grant"

    @ways
    def test_trace_and_notice_are_written_once(self, person: Any, delete: Callable[[Any], Any]) -> None:
        pk, subject = person.pk, Profile.objects.get(user=person).subject
        delete(person)
        (event,) = traces("account.deleted")
        assert (event.actor, event.actor_name, event.data) == (None, "", {"user": str(pk)})
        (claims,) = told("account-purged")
        assert claims["sub_id"]["sub"] == subject

    def test_plain_deletion_of_somebody_without_a_subject_yet_succeeds(self, driver: Driver, user: Any) -> None:
        """The notice needs the subject, which is made for it after Django has gathered what goes."""
        Registration.objects.update(
            events_url="https://app.example.com/e", subject_type="pairwise", sector_identifier="app.example.com"
        )
        driver.consent(driver.authorize(), scopes=["nickname"])
        Profile.objects.all().delete()
        PairwiseSubject.objects.all().delete()

        def heard(**_kwargs: Any) -> None:
            """Listen as a host may: then Django gathers rows one by one instead of deleting what it finds."""

        heard_of = (Profile, PairwiseSubject)
        for model in heard_of:
            post_delete.connect(heard, sender=model)
        try:
            user.delete()
        finally:
            for model in heard_of:
                post_delete.disconnect(heard, sender=model)
        assert not [model for model in heard_of if model._base_manager.exclude(user__in=User.objects.all()).exists()]
        assert len(told("account-purged")) == 1

    @ways
    def test_queryset_and_page_agree_that_applications_stay(self, driver: Driver, delete: Callable[[Any], Any]) -> None:
        delete(driver.application.registration.owner)
        registration = Registration.objects.get(application=driver.application)
        assert (registration.owner, registration.status) == (None, "approved")

    def test_deleting_by_a_queryset_is_noted_for_each(self, person: Any, other_user: Any) -> None:
        User.objects.filter(pk__in=[person.pk, other_user.pk]).delete()
        assert len(traces("account.deleted")) == 2
        assert len(told("account-purged")) == 1

    def test_who_deletes_somebody_is_named(self, person: Any, staff: Any) -> None:
        deletion.delete_person(user=person, actor=staff)
        (event,) = traces("account.deleted")
        assert event.actor == staff

    def test_failed_deletion_leaves_no_trace_and_can_be_repeated(self, person: Any, monkeypatch: Any) -> None:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr(deletion, "_disown", fail)
            with pytest.raises(RuntimeError):
                deletion.delete_person(user=person)
        assert not traces("account.deleted")
        person.delete()
        assert len(traces("account.deleted")) == 1


def test_reactivated_browser_without_a_record_here_is_djangos_matter(driver: Driver, user: Any) -> None:
    """Nothing was allowed from this browser: no session of ours hangs on it, and Django's own goes on."""
    deactivate(user)
    assert driver.browser.get("/o/profile/", headers={"host": ISSUER_HOST}).status_code == 302
    activate(user)
    assert driver.browser.get("/o/profile/").status_code == 200
