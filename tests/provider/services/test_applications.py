"""services/applications.py."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from provider_site.models import AuditEvent, ClientSecret, Registration
from provider_site.services import secrets
from provider_site.services.applications import (
    application_model,
    complete_registration,
    prepare_application,
)
from provider_site.signals import application_registered
from tests import factories


@pytest.fixture
def told() -> Any:
    """Return the registrations that the signal told of."""
    heard: list[Any] = []

    def note(registration: Any, **_: Any) -> None:
        heard.append(registration)

    application_registered.connect(note)
    yield heard
    application_registered.disconnect(note)


def actions(application: Any) -> list[str]:
    return list(AuditEvent.objects.filter(application=application).order_by("pk").values_list("action", flat=True))


def test_registering_tells_once_and_closes_dot_s_column(db: None, told: list[Any]) -> None:
    application = factories.make_application().application
    assert [registration.application for registration in told] == [application]
    assert actions(application) == ["application.registered", "secret.issued"]
    assert application.client_secret.startswith("pbkdf2_sha256$1$")
    assert "$none$" not in application.client_secret


def test_application_saved_without_a_registration_becomes_a_draft(db: None, user: Any, told: list[Any]) -> None:
    application = application_model()(name="Plain", authorization_grant_type="authorization-code")
    prepare_application(application=application)
    application.save()
    registration = complete_registration(application=application, actor=user)
    assert (registration.status, registration.owner) == (Registration.Status.DRAFT, user)
    assert told == [registration]
    assert "$none$" not in application.client_secret


def test_nothing_is_left_of_a_registration_that_a_receiver_refuses(db: None, user: Any) -> None:
    def refuse(**_: Any) -> None:
        raise ValidationError("no")

    application_registered.connect(refuse)
    try:
        with pytest.raises(ValidationError):
            factories.make_application(user)
    finally:
        application_registered.disconnect(refuse)
    assert not application_model().objects.exists()
    assert not AuditEvent.objects.exists()


def test_revoked_secret_opens_nothing_and_leaves_a_trace(db: None, registered: Any, user: Any) -> None:
    secret = ClientSecret.objects.get()
    secrets.revoke(secret=secret, actor=user)
    assert not secrets.verify_secret(application=registered.application, secret=registered.client_secret)
    event = AuditEvent.objects.get(action="secret.revoked")
    assert (event.actor, event.application) == (user, registered.application)
    assert registered.client_secret not in str(event.data)


def test_application_outlives_the_account_of_its_owner(db: None) -> None:
    owner = factories.make_user()
    application = factories.make_application(owner).application
    owner.delete()
    application.refresh_from_db()
    application.registration.refresh_from_db()
    assert application.registration.owner is None
