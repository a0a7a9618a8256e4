"""Applications of this app's first release, brought to the release that gave applications a life."""

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from provider_site.models import AuditEvent, Member, Registration, Review
from provider_site.services import facts, reviews, secrets
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, Tokens, plant_signing_key
from tests.provider.test_taken_over import APP, latest, migrate

BEFORE = "0002_take_over_applications"


class Upgrade:
    """One application in each state, with people, tokens and a trail; the tables go back to what they were, and on."""

    def __init__(self) -> None:
        plant_signing_key()
        self.owner, self.person = factories.make_user("dora"), factories.make_user("ada")
        self.made = {
            status: factories.make_application(owner=self.owner, name=status.title())
            for status in ("approved", "draft", "submitted", "suspended", "rejected")
        }
        self.driver = Driver(self.made["approved"], self.person)
        self.tokens: Tokens = self.driver.tokens()
        self.trail = self.events()
        last = latest()
        migrate(to=BEFORE)
        try:
            self.arrange()
        finally:
            migrate(to=last)

    def arrange(self) -> None:
        """Set the states as the first release's admin did: by the one column."""
        state = MigrationExecutor(connection).loader.project_state((APP, BEFORE))
        rows = state.apps.get_model(APP, "Registration").objects
        for status, made in self.made.items():
            rows.filter(application_id=made.application.pk).update(status=status)
        suspended = rows.filter(application_id=self.made["suspended"].application.pk)
        suspended.update(taken_over_at=timezone.now())

    def events(self) -> list[tuple[Any, ...]]:
        names = ("pk", "at", "action", "actor", "actor_name", "application", "client_id", "address", "data")
        return list(AuditEvent.objects.order_by("pk").values_list(*names))

    def registration(self, status: str) -> Registration:
        return Registration.objects.get(application=self.made[status].application)


@pytest.fixture(scope="module")
def upgraded(django_db_setup: None, django_db_blocker: Any) -> Iterator[Upgrade]:
    """Upgrade an installation once for this file, and empty the database behind its last test."""
    with django_db_blocker.unblock():
        yield Upgrade()
        assert MigrationExecutor(connection).loader.applied_migrations.keys() >= {(APP, latest())}
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def upgrade(upgraded: Upgrade, db: None) -> Upgrade:
    """Return an installation that has just been upgraded; what a test does to it is rolled back."""
    return upgraded


def test_approved_application_goes_on_and_its_changes_are_reviewed(upgrade: Upgrade) -> None:
    driver = upgrade.driver
    assert driver.works(upgrade.tokens.access)
    renewed = driver.refresh(upgrade.tokens.refresh)
    assert renewed.status == 200, renewed.body
    assert driver.redeem(driver.code(scopes=())).status == 200
    registration = upgrade.registration("approved")
    assert registration.approved_at == registration.created
    application = registration.application
    asked = facts.read(application=application)
    wider = type(asked).from_json(asked.to_json() | {"name": "Another name"})
    assert reviews.change(application=application, actor=upgrade.owner, asked=wider) == reviews.Saved.WAITING
    assert secrets.verify_secret(application=application, secret=upgrade.made["approved"].client_secret)


def test_trail_is_whole_and_still_names_who_and_which(upgrade: Upgrade) -> None:
    assert upgrade.trail
    assert {event[4] for event in upgrade.trail} >= {"ada"}
    assert upgrade.events() == upgrade.trail


def test_application_that_was_not_approved_stays_closed(upgrade: Upgrade) -> None:
    for status in ("draft", "submitted", "rejected", "suspended"):
        assert upgrade.registration(status).status == status
        assert Driver(upgrade.made[status], upgrade.person).authorize().status_code == 403
    assert not Member.objects.exists(), "nobody is a member of what had none"


def test_submitted_one_waits_in_the_queue_and_can_be_taken_back(upgrade: Upgrade) -> None:
    review = Review.objects.get()
    assert review.application == upgrade.made["submitted"].application
    assert (review.submitted_by, review.is_change) == (upgrade.owner, False)
    page = Client(headers={"host": ISSUER_HOST})
    page.force_login(upgrade.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    home = f"/o/developer/{review.application_id}/"
    assert page.post(f"{home}withdraw/").status_code == 302
    assert upgrade.registration("submitted").status == "draft"


def test_what_was_left_undecided_goes_on(upgrade: Upgrade) -> None:
    reviewer = factories.make_staff()
    reviews.approve(application=upgrade.made["submitted"].application, actor=reviewer)
    assert upgrade.registration("submitted").status == "approved"
    assert Review.objects.get().decision == "approved"
    reviews.reinstate(application=upgrade.made["suspended"].application, actor=reviewer)
    assert upgrade.registration("suspended").status == "approved", "it was taken over, hence approved"


def test_host_whose_user_names_come_by_a_later_migration_is_migrated(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.make_application()
    events = AuditEvent.objects.values().order_by("pk")
    before = list(events)
    names = importlib.import_module("provider_site.migrations.0006_earlier_rows").name_who_and_which
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", "not_there_yet")
    historical = MigrationExecutor(connection).loader.project_state((APP, latest())).apps
    names(historical, SimpleNamespace(connection=connection))
    assert list(events.all()) == before
