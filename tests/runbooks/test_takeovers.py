"""Leaks, abuse and take-over: what a stranger has is worth nothing after the run-book."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from provider_site.models import AuditEvent, Consent, OutboxMessage, Session
from provider_site.services import outbox
from tests import factories
from tests.provider.driver import Driver
from tests.runbooks import people
from tests.runbooks.rehearsal import Site

LEAKS, TAKEOVERS = "leaks", "takeovers"
pytestmark = pytest.mark.django_db


def deliver_mails() -> list[str]:
    for message in OutboxMessage.objects.filter(delivered_at=None, kind__endswith="mail"):
        outbox.deliver(message_id=message.pk)
    return [letter.body for letter in mail.outbox]


def test_secret_and_token_leaked(site: Site, driver: Driver) -> None:
    tokens = driver.tokens()
    (site.directory / "leaked.txt").write_text(f"{driver.secret}\n{tokens.refresh}\n")
    assert site.follow(LEAKS, "leaked").count(": revoked") == 2
    assert driver.refresh(tokens.refresh).error == "invalid_client"
    driver.secret = site.follow(LEAKS, "leaked-rotate", CLIENT_ID=driver.application.client_id).strip()
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert not driver.introspect(tokens.access)["active"]
    assert driver.tokens().status == 200


def test_dump_leaked(site: Site, driver: Driver, user: Any, other_user: Any) -> None:
    people.prove_address(user)
    driver.tokens()
    # Signed in to no application, so that nothing but the browser's own session is written down.
    quiet = Driver(factories.make_application(), other_user).browser
    assert people.is_signed_in(driver.browser)
    assert people.is_signed_in(quiet)
    site.follow(LEAKS, "dump")
    assert not people.is_signed_in(driver.browser)
    assert not people.is_signed_in(quiet)
    assert people.after_password(user)
    site.follow(LEAKS, "dump-person", NAME=user.username)
    assert not people.after_password(user)


def test_application_is_suspended_reinstated_and_deleted(site: Site, driver: Driver) -> None:
    tokens = driver.tokens()
    client_id = driver.application.client_id
    site.follow(TAKEOVERS, "suspend", CLIENT_ID=client_id)
    assert driver.refresh(tokens.refresh).error in {"invalid_client", "unauthorized_client"}
    assert any("sends spam" in body for body in deliver_mails())
    site.follow(TAKEOVERS, "reinstate", CLIENT_ID=client_id)
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert driver.tokens().status == 200
    site.follow(TAKEOVERS, "delete-application", CLIENT_ID=client_id)
    assert driver.token(grant_type="client_credentials").error == "invalid_client"


def test_account_was_taken_over(site: Site, driver: Driver, user: Any, other_user: Any) -> None:
    people.prove_address(user)
    bystander = Driver(factories.make_application(), other_user)
    tokens, others = driver.tokens(), bystander.tokens()
    site.follow(TAKEOVERS, "person", NAME=user.username)
    assert not people.is_signed_in(driver.browser)
    assert not people.after_password(user)
    assert not driver.introspect(tokens.access)["active"]
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert not Session.objects.filter(user=user, ended_at=None).exists()
    assert Consent.objects.get(user=user).closed_at is not None
    assert any("somebody else was using" in body.lower() for body in deliver_mails())
    assert people.is_signed_in(bystander.browser)
    assert bystander.refresh(others.refresh).status == 200


def test_administrator_s_account_was_taken_over(site: Site, staff: Any, driver: Driver) -> None:
    staff.groups.add(Group.objects.create(name="operators of a host"))
    moment = timezone.now().isoformat()
    call_command("applications", "suspend", driver.application.client_id, reason="Not theirs.")
    AuditEvent.objects.create(action=AuditEvent.Action.KEY_ROTATED, actor=staff, actor_name=staff.username)
    site.follow(TAKEOVERS, "admin-rights", NAME=staff.username)
    site.follow(TAKEOVERS, "admin-end", NAME=staff.username)
    known = get_user_model().objects.get(pk=staff.pk)
    assert not any((known.is_staff, known.is_superuser, known.groups.exists()))
    assert not known.has_usable_password()
    read = site.follow(TAKEOVERS, "admin-trail", NAME=staff.username, MOMENT=moment)
    assert "key.rotated" in read
    assert "application.suspended" not in read


def test_everybody_is_signed_out_and_nobody_is_asked_again(site: Site, driver: Driver, user: Any) -> None:
    code, tokens = driver.code(), driver.tokens()
    site.follow(TAKEOVERS, "everyone")
    assert not people.is_signed_in(driver.browser)
    assert driver.redeem(code).error == "invalid_grant"
    assert driver.refresh(tokens.refresh).error == "invalid_grant"
    assert not driver.introspect(tokens.access)["active"]
    driver.browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "code=" in driver.authorize()["Location"]
    assert "sessions: 0" not in site.follow(TAKEOVERS, "everyone")


@pytest.mark.parametrize(
    "arguments", [[], ["--everyone"], ["--person", "nobody", "--reason", "x"], ["--everyone", "--reason", " "]]
)
def test_ending_access_wants_to_know_whose_and_why(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("end_access", *arguments)
