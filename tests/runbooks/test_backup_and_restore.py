"""A backup is restored by the run-book, and nothing that had ended since lives again."""

import os
from pathlib import Path
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as BrowserSession
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from consumer_site import vault
from project.sessions import acting_site
from provider_site.models import AuditEvent, Consent, Registration, Session
from provider_site.services import consents, outbox, reviews
from tests import factories, machine
from tests.provider.driver import Driver
from tests.runbooks.rehearsal import Site

PAGE = "backup-and-restore"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _programs_of_the_engine(site: Site) -> None:
    if connection.vendor == "postgresql":
        site.environment["PATH"] = f"{machine.postgresql_programs()}{os.pathsep}{site.environment['PATH']}"


def back_up(site: Site) -> None:
    site.follow(PAGE, f"backup-{connection.vendor}")
    site.follow(PAGE, "backup-media")


def restore(site: Site) -> None:
    for step in (f"restore-{connection.vendor}", "restore-media", "restore-migrate"):
        site.follow(PAGE, step)


@pytest.fixture
def tokens(driver: Driver, site: Site) -> Any:
    """Return tokens from before a backup, which was taken."""
    media = Path(site.environment["MEDIA_ROOT"])
    media.mkdir(parents=True)
    (media / "avatar.png").write_bytes(b"picture")
    bought = driver.tokens()
    back_up(site)
    (media / "avatar.png").unlink()
    return bought


def signs_in_again(driver: Driver, user: Any) -> bool:
    driver.browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return driver.refresh(driver.tokens().refresh).status == 200


def test_without_a_trail_nothing_from_before_works_and_everybody_is_asked_again(
    site: Site, driver: Driver, tokens: Any, user: Any, settings: Any
) -> None:
    renewed = driver.refresh(tokens.refresh)
    assert consents.withdraw(user=user, application=driver.application)
    assert driver.refresh(renewed.refresh).error == "invalid_grant"

    restore(site)
    # Without the command, what was withdrawn and what was used lives again: the page says why it is there.
    assert Consent.objects.get().closed_at is None
    assert driver.introspect(tokens.access)["active"]
    said = site.follow(PAGE, "restored")
    assert "consents: 1" in said
    assert "applications: 1" in said

    assert driver.introspect(tokens.access) == {"active": False}
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert driver.refresh(renewed.refresh).error == "invalid_grant"
    assert not driver.introspect(renewed.access)["active"]
    assert Consent.objects.get().closed_at is not None
    assert driver.authorize().headers["Location"].startswith("/accounts/login/")
    for message in outbox.OutboxMessage.objects.filter(kind="consent-ended-mail", delivered_at=None):
        outbox.deliver(message_id=message.pk)
    assert any("restored from a backup" in letter.body for letter in mail.outbox)
    assert signs_in_again(driver, user)
    assert (Path(site.environment["MEDIA_ROOT"]) / "avatar.png").read_bytes() == b"picture"
    settings.DEBUG = True  # the emulators are in the project under test
    site.follow(PAGE, "restore-check")


def test_with_a_trail_only_those_consents_end_that_had_and_the_rest_is_named(
    site: Site, driver: Driver, tokens: Any, user: Any, other_user: Any, tmp_path: Path
) -> None:
    stranger = Driver(factories.make_application(), other_user)
    consent_kept = stranger.tokens()
    site.environment["BACKUP"] = str(tmp_path / "later")
    (tmp_path / "later").mkdir()
    back_up(site)
    consents.withdraw(user=user, application=driver.application)
    reviews.suspend(application=stranger.application, actor=None, reason="It sends spam.")
    site.follow(PAGE, "backup-trail")
    restore(site)
    said = site.follow(PAGE, "restored-trail")
    assert "consents: 1" in said
    assert f"application.suspended {stranger.application.client_id}" in said
    assert "consent.given" not in said
    assert Consent.objects.get(user=user).closed_at is not None
    assert Consent.objects.get(user=other_user).closed_at is None
    assert stranger.refresh(consent_kept.refresh).error == "invalid_grant"
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    # Known to the restored database: a second run of the same trail finds the same.
    assert "consents: 0" in site.follow(PAGE, "restored-trail")


def test_codes_and_sessions_and_tokens_of_machines_of_the_backup_are_dead(
    site: Site, driver: Driver, user: Any
) -> None:
    code = driver.code()
    machine_s = Driver(factories.make_application(authorization_grant_type="client-credentials", redirect_uris=[]))
    # No consent, no session and no person: nothing but the application's own moment ends it.
    token = machine_s.token(grant_type="client_credentials", scope="nickname").access
    Path(site.environment["MEDIA_ROOT"]).mkdir(parents=True)
    back_up(site)
    session = Session.objects.get(user=user)
    # A session from after the backup, which only a cache still knows.
    cache.set("django.contrib.sessions.cached_db.provider.lost", {"_auth_user_id": user.pk})
    restore(site)
    assert machine_s.introspect(token)["active"]
    site.follow(PAGE, "restored")
    assert driver.redeem(code).error == "invalid_grant"
    assert not machine_s.introspect(token)["active"]
    assert machine_s.token(grant_type="client_credentials", scope="nickname").status == 200
    session.refresh_from_db()
    assert session.ended_at is not None
    assert not BrowserSession.objects.exists()
    assert cache.get("django.contrib.sessions.cached_db.provider.lost") is None


def test_numbers_of_lost_rows_are_given_to_nobody(site: Site, driver: Driver, tokens: Any) -> None:
    lost = factories.make_user("lost")
    registration = Registration.objects.get(application=driver.application)
    registration.subject_type = Registration.SubjectType.LEGACY
    registration.save()
    restore(site)
    assert not get_user_model().objects.filter(username="lost").exists()
    site.follow(PAGE, "restored")
    assert factories.make_user("new").pk > lost.pk + 900_000
    assert AuditEvent.objects.order_by("-pk")[0].pk > 900_000


def test_consumer_forgets_the_tokens_and_sessions_that_came_back(site: Site, user: Any) -> None:
    account = SocialAccount.objects.create(user=user, provider="house", uid="one")
    vault.save(account=account, tokens=vault.TokenSet("access", "refresh"))
    visitor = Client(headers={"host": "127.0.0.1:8000"})
    with acting_site("consumer"):
        visitor.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    site.follow(PAGE, f"backup-{connection.vendor}")
    site.follow(PAGE, f"restore-{connection.vendor}")
    assert "_auth_user_id" in visitor.session
    said = site.follow(PAGE, "restored-consumer")
    assert "sessions: 1" in said
    assert "stored tokens: 1" in said
    assert vault.load(account=account) is None
    assert "_auth_user_id" not in visitor.session
