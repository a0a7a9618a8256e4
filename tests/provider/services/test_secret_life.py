"""The life of a client secret: issued, listed, rotated, warned of, ended."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from provider_site.models import AuditEvent, ClientSecret, OutboxMessage
from provider_site.services import outbox, secrets
from provider_site.signals import secret_issued, secret_revoked
from tests import factories
from tests.flows.test_at_once import at_once
from tests.provider.driver import Driver

DAY = timedelta(days=1)


@pytest.fixture
def at() -> Any:
    """Return a function that moves the clock so far from where it was when the test began."""
    began = timezone.now()
    with mock.patch.object(timezone, "now") as now:

        def move(distance: timedelta) -> datetime:
            now.return_value = began + distance
            return began + distance

        move(timedelta(0))
        yield move


def accepts(driver: Driver, secret: str) -> bool:
    """Ask the token endpoint: a wrong code from a client it knows is another error than an unknown client."""
    answer = driver.token(
        grant_type="authorization_code",
        code="none",
        redirect_uri=driver.redirect_uri,
        code_verifier=driver.pkce.verifier,
        headers=driver.basic(secret=secret),
    )
    assert answer.error in {"invalid_grant", "invalid_client"}
    return answer.error == "invalid_grant"


def limited(settings: Any, **keys: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | keys


def code_of(function: Callable[[], Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        function()
    return str(caught.value.code)


# --- Issuing ------------------------------------------------------------------------------------------------------


def test_secret_works_until_its_end_and_not_at_it(driver: Driver, at: Any) -> None:
    text = secrets.issue_secret(application=driver.application, expires_in=DAY)
    at(DAY - timedelta(seconds=1))
    assert accepts(driver, text)
    at(DAY)
    assert not accepts(driver, text)
    assert accepts(driver, driver.secret)


def test_public_client_is_given_none(db: None) -> None:
    registered = factories.make_application(client_type="public")
    assert registered.client_secret is None
    assert code_of(lambda: secrets.issue_secret(application=registered.application)) == "public"
    assert code_of(lambda: secrets.rotate(application=registered.application, overlap=DAY)) == "public"
    assert not ClientSecret.objects.exists()


def test_eleventh_live_secret_is_refused_until_another_ended(application: Any, at: Any) -> None:
    for _number in range(8):
        secrets.issue_secret(application=application)
    secrets.issue_secret(application=application, expires_in=DAY)
    assert code_of(lambda: secrets.issue_secret(application=application)) == "too_many"
    at(DAY)
    secrets.issue_secret(application=application)
    assert code_of(lambda: secrets.issue_secret(application=application)) == "too_many"
    secrets.revoke(secret=ClientSecret.objects.filter(expires_at=None)[0])
    secrets.issue_secret(application=application)


def test_simultaneous_requests_never_pass_the_limit(transactional_db: None) -> None:
    application = factories.make_application().application
    for _number in range(7):
        secrets.issue_secret(application=application)

    def issue(_number: int) -> bool:
        try:
            secrets.issue_secret(application=application)
        except ValidationError:
            return False
        return True

    assert sorted(at_once(issue, 5)) == [False] * 3 + [True] * 2
    assert ClientSecret.objects.count() == secrets.MAX_LIVE


@pytest.mark.parametrize("lifetime", [timedelta(0), -DAY, timedelta(days=3651), timedelta.max])
def test_lifetime_that_is_none_or_too_long_is_refused(application: Any, lifetime: timedelta) -> None:
    assert code_of(lambda: secrets.issue_secret(application=application, expires_in=lifetime)) == "lifetime"


def test_site_s_maximum_bounds_every_secret_and_gives_those_without_an_end_one(db: None, settings: Any) -> None:
    limited(settings, SECRET_MAX_DAYS=100)
    application = factories.make_application().application
    secrets.issue_secret(application=application)
    secrets.rotate(application=application, overlap=90 * DAY)
    longest = timezone.now() + 100 * DAY
    ends = [row.expires_at for row in ClientSecret.objects.all()]
    assert all(end is not None and end <= longest for end in ends)
    too_long = {"application": application, "expires_in": 101 * DAY}
    assert code_of(lambda: secrets.issue_secret(**too_long)) == "lifetime"
    assert list(secrets.lifetimes()) == [30, 90, 100]


def test_site_without_a_maximum_offers_no_end(settings: Any) -> None:
    assert list(secrets.lifetimes()) == [30, 90, 180, 365, None]
    limited(settings, SECRET_MAX_DAYS=30)
    assert list(secrets.lifetimes()) == [30]


def test_name_that_is_too_long_is_refused_not_cut(application: Any) -> None:
    assert code_of(lambda: secrets.issue_secret(application=application, name="x" * 61)) == "name"


def test_issuing_is_told_by_signal_trail_and_mail_without_the_text(
    user: Any, django_capture_on_commit_callbacks: Any, rf: Any
) -> None:
    application = factories.make_application(user, name="Almanac").application
    heard: list[Any] = []

    def note(secret: Any, **_: Any) -> None:
        heard.append(secret)

    secret_issued.connect(note)
    try:
        request = rf.get("/", REMOTE_ADDR="192.0.2.7")
        request.user = user
        text = secrets.issue_secret(application=application, name="laptop", expires_in=DAY, request=request)
    finally:
        secret_issued.disconnect(note)
    outbox.deliver_due()
    (message,) = mail.outbox
    event = AuditEvent.objects.filter(action="secret.issued").latest("pk")
    assert [row.name for row in heard] == ["laptop"]
    assert (event.actor, event.address, event.data["name"]) == (user, "192.0.2.7", "laptop")
    assert message.to == [user.email]
    assert "Almanac" in message.subject
    assert "laptop" in message.body
    assert user.username in message.body
    for told in (str(event.data), message.body, str(list(OutboxMessage.objects.values()))):
        assert text not in told


# --- Revoking and listing -----------------------------------------------------------------------------------------


def test_revoked_secret_is_refused_at_once_and_stays_in_the_list(driver: Driver, user: Any) -> None:
    text = secrets.issue_secret(application=driver.application, name="second")
    row = ClientSecret.objects.get(name="second")
    heard: list[Any] = []

    def note(secret: Any, **_: Any) -> None:
        heard.append(secret)

    secret_revoked.connect(note)
    try:
        assert secrets.revoke(secret=row, actor=user)
        assert not secrets.revoke(secret=row, actor=user)
    finally:
        secret_revoked.disconnect(note)
    assert not accepts(driver, text)
    assert accepts(driver, driver.secret)
    assert heard == [row]
    assert AuditEvent.objects.filter(action="secret.revoked").count() == 1
    assert [secret.name for secret in secrets.listed(application=driver.application)] == ["First secret", "second"]


def test_live_secrets_are_listed_before_those_that_have_ended(application: Any, at: Any) -> None:
    secrets.issue_secret(application=application, name="short", expires_in=DAY)
    secrets.issue_secret(application=application, name="long", expires_in=9 * DAY)
    at(DAY)
    listed = secrets.listed(application=application)
    assert [row.name for row in listed] == ["long", "First secret", "short"]
    assert [secrets.is_live(secret=row) for row in listed] == [True, True, False]


# --- Rotation -----------------------------------------------------------------------------------------------------


def test_old_and_new_secret_both_work_until_the_overlap_ends(driver: Driver, at: Any, user: Any) -> None:
    new = secrets.rotate(application=driver.application, actor=user, overlap=7 * DAY, name="new")
    at(7 * DAY - timedelta(seconds=1))
    assert accepts(driver, driver.secret)
    assert accepts(driver, new)
    at(7 * DAY)
    assert not accepts(driver, driver.secret)
    assert accepts(driver, new)
    event = AuditEvent.objects.get(action="secret.rotated")
    assert (event.actor, event.data["others"]) == (user, 1)


def test_rotation_prolongs_no_secret(application: Any, at: Any) -> None:
    secrets.issue_secret(application=application, name="short", expires_in=DAY)
    secrets.rotate(application=application, overlap=7 * DAY)
    assert ClientSecret.objects.get(name="short").expires_at == at(DAY)


def test_rotation_without_overlap_ends_the_others_at_once_even_at_the_limit(driver: Driver) -> None:
    others = [driver.secret, *(secrets.issue_secret(application=driver.application) for _number in range(9))]
    assert code_of(lambda: secrets.rotate(application=driver.application, overlap=DAY)) == "too_many"
    assert accepts(driver, others[0])
    new = secrets.rotate(application=driver.application, overlap=timedelta(0))
    assert accepts(driver, new)
    assert not any(accepts(driver, other) for other in others)


@pytest.mark.parametrize("overlap", [-DAY, 91 * DAY])
def test_overlap_out_of_bounds_is_refused_and_changes_nothing(application: Any, overlap: timedelta) -> None:
    assert code_of(lambda: secrets.rotate(application=application, overlap=overlap)) == "overlap"
    assert ClientSecret.objects.get().expires_at is None


# --- The secret in stock DOT's column -----------------------------------------------------------------------------


def take_over(driver: Driver, secret: str) -> None:
    """Leave the driver's application as stock DOT would: one secret, in its own column."""
    ClientSecret.objects.all().delete()
    type(driver.application).objects.update(client_secret=make_password(secret))
    driver.application.refresh_from_db()
    driver.secret = secret


@pytest.mark.parametrize("old", ["my cat is called Mimi", "aZ7kQ2mX" * 16])
@pytest.mark.parametrize("used_meanwhile", [True, False])
def test_old_secret_of_stock_dot_ends_with_the_overlap(driver: Driver, at: Any, old: str, used_meanwhile: bool) -> None:
    take_over(driver, old)
    assert secrets.has_legacy_secret(application=driver.application)
    new = secrets.rotate(application=driver.application, overlap=7 * DAY)
    at(7 * DAY - timedelta(seconds=1))
    assert not used_meanwhile or accepts(driver, old)
    at(7 * DAY)
    assert not accepts(driver, old)
    outbox.deliver_due()
    driver.application.refresh_from_db()
    assert driver.application.client_secret.startswith("pbkdf2_sha256$1$")
    assert not accepts(driver, old)
    assert accepts(driver, new)


def test_old_secret_of_stock_dot_is_revoked_at_once(driver: Driver, user: Any) -> None:
    take_over(driver, "my cat is called Mimi")
    assert accepts(driver, driver.secret)
    assert secrets.revoke_legacy(application=driver.application, actor=user)
    assert not accepts(driver, driver.secret)
    assert not secrets.has_legacy_secret(application=driver.application)
    assert not secrets.revoke_legacy(application=driver.application, actor=user)
    assert AuditEvent.objects.filter(action="secret.revoked", actor=user).count() == 1


def test_rotation_without_overlap_ends_the_old_secret_of_stock_dot(driver: Driver) -> None:
    take_over(driver, "my cat is called Mimi")
    secrets.rotate(application=driver.application, overlap=timedelta(0))
    assert not accepts(driver, driver.secret)


def test_application_of_ours_has_no_secret_in_the_column(application: Any) -> None:
    assert not secrets.has_legacy_secret(application=application)


# --- Warnings -----------------------------------------------------------------------------------------------------


def warned() -> list[Any]:
    """Run the timer's command and the outbox; return the mails about an end."""
    call_command("warn_expiring_secrets")
    outbox.deliver_due()
    return [message for message in mail.outbox if " ends on " in message.subject]


def test_owners_are_warned_once_when_the_end_is_near(user: Any, at: Any) -> None:
    application = factories.make_application(user).application
    ClientSecret.objects.update(expires_at=at(timedelta(0)) + 20 * DAY)
    assert warned() == []
    at(6 * DAY)
    (message,) = warned()
    assert message.to == [application.registration.owner.email]
    assert "No other secret" in message.body
    at(7 * DAY)
    assert len(warned()) == 1


def test_warning_says_when_another_secret_lives_on(user: Any) -> None:
    application = factories.make_application(user).application
    secrets.rotate(application=application, overlap=DAY)
    (message,) = warned()
    assert "Another secret of the app lives longer" in message.body


@pytest.mark.parametrize("state", ["revoked", "over", "public"])
def test_nobody_is_warned_of_a_secret_that_works_no_more(application: Any, state: str) -> None:
    now = timezone.now()
    ClientSecret.objects.update(expires_at=now + DAY)
    if state == "revoked":
        ClientSecret.objects.update(revoked_at=now)
    elif state == "over":
        ClientSecret.objects.update(expires_at=now - DAY)
    else:
        type(application).objects.update(client_type="public")
    assert warned() == []


def test_two_timers_at_once_warn_once(transactional_db: None) -> None:
    factories.make_application()
    ClientSecret.objects.update(expires_at=timezone.now() + DAY)
    assert sum(at_once(lambda _number: secrets.warn_expiring(), 4)) == 1
    assert OutboxMessage.objects.filter(kind="secret-expiring-mail").count() == 1


def test_timer_that_was_overtaken_between_reading_and_writing_warns_nobody(
    application: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClientSecret.objects.update(expires_at=timezone.now() + DAY)
    begin = transaction.atomic

    def overtaken() -> Any:
        monkeypatch.setattr(transaction, "atomic", begin)
        assert secrets.warn_expiring() == 1
        return begin()

    monkeypatch.setattr(transaction, "atomic", overtaken)
    assert secrets.warn_expiring() == 0
    assert OutboxMessage.objects.filter(kind="secret-expiring-mail").count() == 1
