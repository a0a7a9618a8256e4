"""services/notices.py: what people are told by e-mail."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from provider_site.models import Consent, OutboxMessage, Registration
from provider_site.services import outbox
from provider_site.storage import consented
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


def test_person_is_told_of_what_is_new_and_not_of_each_sign_in(driver: Driver, mailoutbox: list[Any]) -> None:
    driver.code(scopes=["nickname"])
    driver.code(scopes=["nickname"], prompt="consent")
    deliver_all()
    assert len(mailoutbox) == 1
    driver.code(scopes=["nickname", "avatar"], scope="openid nickname avatar", prompt="consent")
    outbox.deliver_due()
    assert len(mailoutbox) == 2


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


def test_each_thing_is_told_with_its_own_end(driver: Driver, mailoutbox: list[Any]) -> None:
    """What was allowed for a day does not last as long as what was allowed before for a year."""
    driver.consent(driver.authorize(scope="openid nickname"), scopes=["nickname"], duration="365")
    driver.consent(driver.authorize(scope="openid nickname avatar"), scopes=["nickname", "avatar"], duration="1")
    deliver_all()
    known = consented.terms(Consent.objects.get())
    body = " ".join(mailoutbox[-1].body.split())
    day, year = (
        f"{date_format(timezone.localtime(known[name].ends_at), 'DATETIME_FORMAT')} (UTC)"
        for name in ("avatar", "nickname")
    )
    assert f"- See your avatar This ends by itself on {day}." in body
    assert f"- See your nickname This ends by itself on {year}." in body
    assert "Know that it is you" not in body


def test_sign_in_that_outlives_the_rest_is_told_too(driver: Driver, mailoutbox: list[Any]) -> None:
    driver.consent(driver.authorize(scope="openid"), duration="until-withdrawn")
    driver.consent(driver.authorize(scope="openid nickname"), scopes=["nickname"], duration="1")
    deliver_all()
    body = " ".join(mailoutbox[-1].body.split())
    assert body.index("- See your nickname") < body.index("- Know that it is you This holds until you withdraw it.")


def test_maximum_lowered_before_delivery_is_told(driver: Driver, mailoutbox: list[Any]) -> None:
    driver.consent(driver.authorize(scope="openid"), duration="until-withdrawn")
    Registration.objects.update(max_consent_days=5)
    deliver_all()
    end = Consent.objects.get().given_at + timedelta(days=5)
    assert f"ends by itself on {date_format(timezone.localtime(end), 'DATETIME_FORMAT')}" in mailoutbox[-1].body
