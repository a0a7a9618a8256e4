"""Get other people's data, or keys, out of the file that a person may take home."""

import json
from typing import Any

import pytest
from django.db import models

from provider_site.models import AuditEvent, Consent
from provider_site.services import audit, consent_support, members, personal_data
from tests import factories
from tests.provider.developer.browsers import grow_stale, signed_in
from tests.provider.driver import Driver

PAGE = "/o/profile/data/"


def taken_home(user: Any) -> Any:
    """Return the file as its person downloads it."""
    return json.loads(b"".join(signed_in(user).get(PAGE)))


class TestOthers:
    def test_what_staff_did_to_others_is_not_theirs_to_take_home(self, driver: Driver, user: Any) -> None:
        """Whoever leaves the staff takes no list of people along, nor what was written of them."""
        staff = factories.make_staff("judith")
        driver.tokens()
        consent_support.end_consent(consent=Consent.objects.get(), actor=staff, reason="She was told so by ada.")
        personal_data.export(user=user, actor=staff)
        audit.record(action=AuditEvent.Action.TOKEN_REVOKED, actor=staff, data={"user": str(user.pk), "kind": "token"})
        events = [row for row in taken_home(staff)["events"] if row["action"] != "person.exported" or row["details"]]
        details = json.dumps([row["details"] for row in events if row["details"].get("user") != str(staff.pk)])
        assert len(events) >= 3
        assert f'"{user.pk}"' not in details
        assert "ada" not in details

    def test_person_reads_what_others_did_to_them(self, driver: Driver, user: Any) -> None:
        staff = factories.make_staff("judith")
        driver.tokens()
        consent_support.end_consent(consent=Consent.objects.get(), actor=staff, reason="It sends spam.")
        text = json.dumps(taken_home(user))
        assert "It sends spam." in text
        assert "judith" not in text

    def test_address_of_who_was_invited_is_not_the_inviters(self, user: Any) -> None:
        application = factories.make_application(user).application
        members.invite(application=application, identifier="bob@example.com", role="tester", actor=user)
        assert "bob@example.com" not in json.dumps(taken_home(user))


class TestKeys:
    @pytest.mark.parametrize(
        "name",
        [
            "api_key",
            "apikey",
            "access_key",
            "passcode",
            "totp_seed",
            "credential_id",
            "session_key",
            "mfa_backup_code",
            "security_answer",
        ],
    )
    def test_column_that_may_hold_a_key_is_left_out(self, name: str) -> None:
        field = models.CharField(name=name)
        field.attname = name
        host = type("Host", (), {"_meta": type("Meta", (), {"concrete_fields": [field]}), name: "x"})
        assert personal_data.account_fields(host()) == {}

    @pytest.mark.parametrize("name", ["city", "monkey", "keyboard", "address", "answered_at"])
    def test_column_that_only_sounds_like_one_stays(self, name: str) -> None:
        field = models.CharField(name=name)
        field.attname = name
        host = type("Host", (), {"_meta": type("Meta", (), {"concrete_fields": [field]}), name: "x"})
        assert personal_data.account_fields(host()) == {name: "x"}


class TestWhoAsks:
    def test_stale_session_gets_nothing_by_any_method(self, driver: Driver) -> None:
        driver.tokens()
        grow_stale(driver.browser)
        for method in ("get", "head", "post", "put", "options"):
            answer = getattr(driver.browser, method)(PAGE, {"user": "1"} if method in {"get", "post"} else None)
            assert answer.status_code in {302, 303, 403, 405}, method
            assert "application/json" not in answer.headers.get("Content-Type", "")
        assert not AuditEvent.objects.filter(action="person.exported").exists()

    def test_parameters_choose_nobody_else(self, driver: Driver, other_user: Any) -> None:
        answer = driver.browser.get(PAGE, {"user": other_user.username, "id": other_user.pk})
        assert other_user.username not in b"".join(answer).decode()
