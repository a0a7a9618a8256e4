"""A person downloads what is kept of them, and nobody else does."""

import json
from datetime import timedelta
from typing import Any
from unittest import mock

from django.test import Client
from django.utils import timezone

from provider_site.models import AuditEvent
from provider_site.services import profiles
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver

PAGE = "/o/profile/data/"


def test_person_downloads_what_is_kept_of_them(driver: Driver, user: Any) -> None:
    driver.tokens()
    profiles.set_nickname(user=user, nickname="Ada 🐝")
    assert PAGE in driver.browser.get("/o/profile/").content.decode()
    answer = driver.browser.get(PAGE)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="my-data-')
    assert "no-store" in answer["Cache-Control"]
    document = json.loads(b"".join(answer))
    assert (document["account"]["username"], document["profile"]["nickname"]) == (user.username, "Ada 🐝")
    assert len(document["consents"]) == 1
    event = AuditEvent.objects.get(action="person.exported")
    assert (event.actor, event.address) == (user, "127.0.0.1")


def test_old_sign_in_has_to_be_proven_anew(driver: Driver, user: Any) -> None:
    later = timezone.now() + timedelta(hours=1)
    with mock.patch.object(timezone, "now", return_value=later):
        answer = driver.browser.get(PAGE)
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) != (200, "application/json")
    assert "next=" in answer["Location"]
    assert not AuditEvent.objects.filter(action="person.exported").exists()


def test_nobody_gets_nothing(db: None) -> None:
    browser = Client(headers={"host": ISSUER_HOST})
    assert "/accounts/login/" in browser.get(PAGE)["Location"]
    factories.make_user()
    assert browser.head(PAGE).status_code in {302, 405}
    assert not AuditEvent.objects.filter(action="person.exported").exists()
