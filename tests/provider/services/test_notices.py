"""services/notices.py: what people are told by e-mail."""

from typing import Any

import pytest

from provider_site.models import Consent, OutboxMessage
from provider_site.services import outbox
from tests.provider.driver import ISSUER, Driver


def deliver_all() -> None:
    assert outbox.deliver_due() == OutboxMessage.objects.count()


def test_person_is_told_what_was_allowed_and_how_to_undo_it(driver: Driver, user: Any, mailoutbox: list[Any]) -> None:
    driver.code(scopes=["nickname"])
    deliver_all()
    (mail,) = mailoutbox
    assert mail.to == [user.email]
    assert driver.application.name in mail.subject
    assert "See your nickname" in mail.body
    assert "while you are away" not in mail.body
    assert f"{ISSUER}/o/apps/" in mail.body


@pytest.mark.parametrize("name", ["Evil\r\nBcc: victim@example.com", "Evil\nBcc: victim@example.com"])
def test_name_of_an_application_brings_no_header(driver: Driver, user: Any, mailoutbox: list[Any], name: str) -> None:
    type(driver.application).objects.update(name=name)
    driver.code()
    deliver_all()
    (mail,) = mailoutbox
    assert "\n" not in mail.subject
    assert mail.recipients() == [user.email]


def test_person_without_an_address_is_written_no_mail(driver: Driver, user: Any, mailoutbox: list[Any]) -> None:
    type(user).objects.update(email="")
    driver.code()
    deliver_all()
    assert mailoutbox == []


def test_consent_gone_before_delivery_is_no_failure(driver: Driver, mailoutbox: list[Any]) -> None:
    driver.code()
    Consent.objects.all().delete()
    deliver_all()
    assert mailoutbox == []


def test_mail_is_in_the_language_of_the_page(driver: Driver, user: Any, mailoutbox: list[Any]) -> None:
    driver.code()
    message = OutboxMessage.objects.get()
    assert message.payload["language"] == "en"
