"""manage.py export_person and erase_person: what a person is given, and what is left of them."""

import io
import json
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from provider_site.models import (
    AppProfile,
    AuditEvent,
    Consent,
    Member,
    PairwiseSubject,
    Profile,
    Registration,
    UnionSubject,
)
from provider_site.services import audit, personal_data, profiles
from provider_site.services.applications import application_model
from tests import factories
from tests.provider.driver import Driver

User = get_user_model()


class Terminal(io.StringIO):
    """A standard input with somebody before it."""

    def isatty(self) -> bool:
        return True


class Ran:
    """What a run of a command wrote."""

    def __init__(self, *arguments: str, stdin: io.StringIO | None = None) -> None:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", stdin or io.StringIO())
            call_command(*arguments, stdout=out, stderr=err)
        self.out, self.err = out.getvalue(), err.getvalue()


@pytest.fixture
def person(driver: Driver, user: Any) -> Any:
    """Return somebody with one of everything."""
    driver.tokens()
    profiles.set_nickname(user=user, nickname="Ada 🐝")
    profiles.set_avatar(user=user, upload=factories.make_picture())
    AppProfile.objects.create(user=user, application=driver.application, nickname="Somebody")
    PairwiseSubject.objects.create(user=user, sector="app.example.com", subject="pairwise-1")
    owner = driver.application.registration.owner
    UnionSubject.objects.create(user=user, owner=owner, subject="union-1")
    Member.objects.create(application=driver.application, user=user, invited_as="ada", role="tester", invited_by=owner)
    factories.make_application(owner=user, name="Own", client_id="own-1")
    audit.record(action=AuditEvent.Action.TOKEN_REVOKED, actor=owner, data={"user": str(user.pk)})
    return user


class TestExport:
    def export(self, person: Any, *arguments: str) -> Any:
        return json.loads(Ran("export_person", person.username, *arguments).out)

    def test_everything_a_person_has_is_in_it(self, driver: Driver, person: Any) -> None:
        document = self.export(person)
        assert document["account"]["email"] == person.email
        assert document["profile"]["nickname"] == "Ada 🐝"
        assert document["profile"]["avatar"].startswith("http://localhost:8000/o/avatar/")
        assert [row["nickname"] for row in document["profiles_for_applications"]] == ["Somebody"]
        assert {row["subject"] for row in document["subjects"]} == {"pairwise-1", "union-1"}
        assert document["subjects"][1]["client_ids"] == [driver.application.client_id]
        (consent,) = document["consents"]
        assert consent["record"]["pii_principal_id"] == document["profile"]["subject"]
        (authorization,) = document["authorizations"]
        assert (authorization["client_id"], authorization["address"]) == (driver.application.client_id, "127.0.0.1")
        assert len(document["sessions"]) == 1
        assert [row["role"] for row in document["memberships"]] == ["tester"]
        assert [row["client_id"] for row in document["owned_applications"]] == ["own-1"]
        assert {"consent.given", "token.revoked"} <= {row["action"] for row in document["events"]}

    def test_moments_are_iso_dates(self, person: Any) -> None:
        document = self.export(person)
        moments = [document["exported_at"], document["account"]["date_joined"], document["profile"]["updated"]]
        moments += [document["sessions"][0]["expires_at"], document["events"][0]["at"]]
        assert all(datetime.fromisoformat(moment).tzinfo for moment in moments)

    def test_no_secret_is_in_it(self, driver: Driver, person: Any) -> None:
        tokens = driver.tokens()
        text = Ran("export_person", person.username).out
        assert "password" not in json.loads(text)["account"]
        for secret in (
            person.password,
            tokens.access,
            tokens.refresh,
            driver.secret,
            driver.browser.session.session_key,
        ):
            assert secret not in text

    def test_nothing_of_other_people_is_in_it(self, driver: Driver, person: Any, other_user: Any) -> None:
        Driver(factories.make_application(), other_user).tokens()
        owner = driver.application.registration.owner
        events = self.export(person)["events"]
        (about,) = [row for row in events if row["action"] == "token.revoked"]
        assert (about["by_you"], "name" in about, "address" in about) == (False, False, False)
        text = Ran("export_person", person.username).out
        assert other_user.username not in text
        assert owner.email not in text

    def test_person_with_nothing_gets_a_whole_document(self, user: Any) -> None:
        document = self.export(user)
        assert document["profile"] is None
        assert (document["consents"], document["sessions"]) == ([], [])
        assert document["account"]["username"] == user.username

    def test_columns_that_name_a_secret_are_left_out_of_any_account(self) -> None:
        class Host:
            class _meta:  # noqa: N801 - Django's name
                concrete_fields = [
                    models.CharField(name=name)
                    for name in ("city", "password", "api_token", "OTP_seed", "recovery_codes", "secret_answer")
                ]

        for field in Host._meta.concrete_fields:
            field.attname = field.name
            setattr(Host, field.name, "x")
        assert personal_data.account_fields(Host()) == {"city": "x"}

    def test_that_it_was_exported_is_an_event(self, person: Any) -> None:
        self.export(person)
        (event,) = AuditEvent.objects.filter(action="person.exported")
        assert (event.actor, event.data) == (None, {"user": str(person.pk)})

    def test_file_is_readable_for_its_owner_alone_even_where_a_laxer_one_was(self, person: Any, tmp_path: Path) -> None:
        target = tmp_path / "ada.json"
        target.write_text("old")
        target.chmod(0o644)
        assert Ran("export_person", person.username, "--output", str(target)).out == ""
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        assert json.loads(target.read_text(encoding="utf-8"))["profile"]["nickname"] == "Ada 🐝"
        assert [path.name for path in tmp_path.iterdir()] == ["ada.json"]

    def test_file_stays_as_it_was_when_writing_fails(
        self, person: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(**_kwargs: Any) -> Iterator[str]:
            yield "{"
            raise OSError(28, "No space left on device")

        target = tmp_path / "ada.json"
        target.write_text("old")
        monkeypatch.setattr(personal_data, "export", broken)
        with pytest.raises(CommandError, match="No space left"):
            Ran("export_person", person.username, "--output", str(target))
        assert target.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["ada.json"]

    def test_rows_are_written_as_they_are_read(self, person: Any) -> None:
        pieces = personal_data.export(user=person)
        assert next(pieces).startswith("{")
        assert max(map(len, pieces)) < 10_000

    def test_nobody_s_name_is_refused(self, db: None) -> None:
        with pytest.raises(CommandError, match="Nobody has"):
            Ran("export_person", "nobody")


class TestErasure:
    def erase(self, person: Any, *arguments: str) -> Ran:
        return Ran("erase_person", person.username, *(arguments or ("--yes",)))

    def rows_that_name(self, pk: Any) -> list[str]:
        """Return the tables, of every app of the reference project, in which a row points to the account."""
        found = []
        for model in apps.get_models(include_auto_created=True):
            keys = [
                field for field in model._meta.concrete_fields if field.remote_field and field.related_model is User
            ]
            found += [model._meta.label for key in keys if model._base_manager.filter(**{key.name: pk}).exists()]
        return found

    def test_no_table_of_either_site_names_the_account_any_more(
        self, person: Any, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        from allauth.socialaccount.models import SocialAccount, SocialToken

        from consumer_site.models import AvatarCopy, CalendarEvent, StoredToken

        account = SocialAccount.objects.create(user=person, provider="house", uid="1")
        SocialToken.objects.create(account=account, token="x")
        StoredToken.objects.create(account=account, sealed="x")
        AvatarCopy.objects.create(account=account, source="https://id.example.com/a.png", fetched_at=timezone.now())
        CalendarEvent.objects.create(user=person, day="2026-11-22", title="Walk")
        pk = person.pk
        assert {"consumer_site.CalendarEvent", "provider_site.Consent"} <= set(self.rows_that_name(pk))
        picture = Profile.objects.get(user=person).avatar
        with django_capture_on_commit_callbacks(execute=True):
            self.erase(person)
        assert not self.rows_that_name(pk)
        assert not [model for model in (SocialToken, StoredToken, AvatarCopy) if model.objects.exists()]
        assert not User.objects.filter(pk=pk).exists()
        assert not picture.storage.exists(picture.name)

    def test_applications_of_the_person_stay(self, person: Any) -> None:
        self.erase(person)
        assert Registration.objects.get(application__client_id="own-1").owner is None

    def test_trail_keeps_the_events_without_name_and_address(self, person: Any, other_user: Any) -> None:
        Driver(factories.make_application(), other_user).tokens()
        before = list(AuditEvent.objects.order_by("pk").values("pk", "action", "at", "data", "client_id"))
        ran = self.erase(person)
        after = list(AuditEvent.objects.order_by("pk").values("pk", "action", "at", "data", "client_id"))
        assert after[: len(before)] == before
        names = set(AuditEvent.objects.values_list("actor_name", flat=True))
        assert person.username not in names
        assert other_user.username in names
        (own,) = AuditEvent.objects.filter(action="consent.given", actor=None)
        assert (own.actor_name, own.address) == ("", None)
        (others,) = AuditEvent.objects.filter(action="consent.given", actor=other_user)
        assert others.address == "127.0.0.1"
        assert f"1 account erased, {AuditEvent.objects.get(action='person.erased').data['events']} events" in ran.out

    def test_name_is_kept_where_the_law_wants_it(self, person: Any) -> None:
        self.erase(person, "--yes", "--keep-audit-name")
        (own,) = AuditEvent.objects.filter(action="consent.given")
        assert (own.actor, own.actor_name, own.address) == (None, person.username, "127.0.0.1")

    def test_erasure_is_an_event_without_a_name(self, person: Any) -> None:
        pk = person.pk
        self.erase(person)
        (event,) = AuditEvent.objects.filter(action="person.erased")
        assert (event.actor, event.actor_name, event.data["user"]) == (None, "", str(pk))
        assert person.username not in json.dumps(list(AuditEvent.objects.values_list("data", flat=True)))

    def test_it_shows_what_will_go_and_asks(self, person: Any) -> None:
        ran = Ran("erase_person", person.username, stdin=Terminal(f"{person.username}\n"))
        assert "1 consents" in ran.err
        assert "1 applications that lose their owner" in ran.err
        assert "Type the user name" in ran.err
        assert not User.objects.filter(username=person.username).exists()

    @pytest.mark.parametrize("stdin", [Terminal("yes\n"), Terminal(""), io.StringIO("ada\n")])
    def test_other_answer_or_nobody_to_ask_changes_nothing(self, person: Any, stdin: io.StringIO) -> None:
        with pytest.raises(CommandError, match="Nothing was done"):
            Ran("erase_person", person.username, stdin=stdin)
        assert User.objects.filter(pk=person.pk).exists()
        assert Consent.objects.exists()
        assert AuditEvent.objects.filter(actor_name=person.username).exists()

    @pytest.mark.parametrize("arguments", [(), ("--yes",), ("--superuser",)])
    def test_superuser_takes_both_words(self, staff: Any, arguments: tuple[str, ...]) -> None:
        with pytest.raises(CommandError, match="superuser"):
            Ran("erase_person", staff.username, *arguments, stdin=Terminal(f"{staff.username}\n"))
        assert User.objects.filter(pk=staff.pk).exists()
        Ran("erase_person", staff.username, "--yes", "--superuser")
        assert not User.objects.filter(pk=staff.pk).exists()

    def test_failure_in_the_middle_leaves_everything(self, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_kwargs: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(personal_data.deletion, "delete_person", fail)
        with pytest.raises(RuntimeError):
            self.erase(person)
        assert AuditEvent.objects.filter(actor_name=person.username, address="127.0.0.1").exists()

    def test_nobody_s_name_is_refused(self, db: None) -> None:
        with pytest.raises(CommandError, match="Nobody has"):
            Ran("erase_person", "nobody", "--yes")
        assert application_model().objects.count() == 0
