"""Signing keys in the admin: rotated and retired on pages of their own, by who may."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from provider_site.models import AuditEvent, SigningKey
from provider_site.services import key_life, keys
from tests import factories
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import plant_signing_key

LIST = page_of(SigningKey)
ROTATE = page_of(SigningKey, "rotate")


@pytest.fixture(autouse=True)
def _keys(db: None, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256", "ES256"]}
    plant_signing_key()


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


def clerk(*codenames: str) -> Client:
    """Return the browser of a member of staff with these permissions alone."""
    person = factories.make_staff("clerk-" + "-".join(codenames))
    person.is_superuser = False
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return enter(person)


def kid(status: str) -> str:
    return SigningKey.objects.get(alg="ES256", status=status).kid


def retire_page(key: str) -> str:
    return page_of(SigningKey, key, "retire")


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action, data__alg="ES256").order_by("pk"))


@pytest.mark.parametrize("step", ["rotate", "retire"])
def test_who_signed_in_long_ago_proves_anew_who_they_are(office: Client, monkeypatch: Any, step: str) -> None:
    """Whoever finds a browser open would otherwise stop every application's sign-ins by one click."""
    key = kid("active")
    monkeypatch.setattr("project.admin.signed_in_recently", lambda _request: True)  # as under a stock AdminSite
    monkeypatch.setattr(
        "provider_site.services.sessions.auth_time", lambda *, request: timezone.now() - timedelta(hours=1)
    )
    form = {"force": "on"} if step == "rotate" else {"compromised": "on"}
    answer = office.post(ROTATE if step == "rotate" else retire_page(key), form)
    assert "you signed in a while ago" in as_html(answer)
    assert kid("active") == key
    assert not AuditEvent.objects.filter(action__in=["key.rotated", "key.retired"]).exists()


class TestRotate:
    def test_page_shows_what_signs_and_the_step_asks_for_a_confirmation(self, office: Client) -> None:
        assert ROTATE in as_html(office.get(LIST))
        text = as_html(office.get(ROTATE))
        assert kid("active")[:8] in text
        assert not SigningKey.objects.filter(status="next").exists()

    def test_two_steps_an_hour_apart_put_the_next_key_in(self, office: Client, staff: Any) -> None:
        office.post(ROTATE)
        following = kid("next")
        SigningKey.objects.filter(status="next").update(created=timezone.now() - timedelta(hours=2))
        assert office.post(ROTATE, follow=True).redirect_chain == [(LIST, 302)]
        assert keys.signer("ES256").kid == following
        last = events("key.rotated")[-1]
        assert (last.actor, last.address) == (staff, "127.0.0.1")

    def test_step_that_is_too_early_is_refused_in_words_and_taken_only_when_meant(self, office: Client) -> None:
        office.post(ROTATE)
        active = kid("active")
        assert "Too early" in as_html(office.post(ROTATE))
        assert kid("active") == active
        assert office.post(ROTATE, {"force": "on"}).status_code == 302
        assert kid("previous") == active
        assert events("key.rotated")[-1].data["before_applications_knew_it"] is True


class TestRetire:
    def test_key_that_signs_is_kept_unless_it_is_compromised(self, office: Client, staff: Any) -> None:
        active = kid("active")
        assert retire_page(active) in as_html(office.get(page_of(SigningKey, active, "change")))
        assert "It is in use" in as_html(office.post(retire_page(active)))
        assert office.post(retire_page(active), {"compromised": "on"}).status_code == 302
        assert kid("retired") == active
        (event,) = events("key.retired")
        assert (event.actor, event.data["reason"]) == (staff, "compromised")

    def test_previous_key_is_retired_when_its_tokens_are_over(self, office: Client) -> None:
        key_life.rotate(algorithms=["ES256"])
        key_life.rotate(algorithms=["ES256"], force=True)
        old = kid("previous")
        assert "Too early" in as_html(office.post(retire_page(old)))
        SigningKey.objects.filter(pk=old).update(previous_at=timezone.now() - timedelta(days=1))
        assert office.post(retire_page(old)).status_code == 302
        assert kid("retired") == old
        assert office.get(retire_page(old)).status_code == 404
        assert retire_page(old) not in as_html(office.get(page_of(SigningKey, old, "change")))

    def test_unknown_key_is_not_found(self, office: Client) -> None:
        assert office.post(retire_page("unknown"), {"compromised": "on"}).status_code == 404
        assert not events("key.retired")


class TestPermission:
    def test_steps_are_a_permission_beyond_seeing(self) -> None:
        seeing, active = clerk("view_signingkey"), kid("active")
        assert ROTATE not in as_html(seeing.get(LIST))
        assert retire_page(active) not in as_html(seeing.get(page_of(SigningKey, active, "change")))
        for browser in (seeing, clerk("rotate_signingkey"), clerk()):
            for page in (ROTATE, retire_page(active)):
                assert browser.get(page).status_code == 403
                assert browser.post(page, {"compromised": "on", "force": "on"}).status_code == 403
        assert clerk("view_signingkey", "rotate_signingkey").post(ROTATE).status_code == 302
        assert kid("active") == active

    @pytest.mark.parametrize("page", [ROTATE, page_of(SigningKey, "x", "retire")])
    def test_nobody_else_gets_there_and_the_form_is_ours(self, office: Client, user: Any, page: str) -> None:
        assert Client(headers={"host": "localhost:8000"}).post(page).status_code == 302
        strict = Client(headers={"host": "localhost:8000"}, enforce_csrf_checks=True)
        strict.cookies = office.cookies
        assert strict.post(page).status_code == 403
        assert not SigningKey.objects.filter(status="next").exists()

    def test_sign_in_of_a_while_ago_has_to_be_proven_again(self, office: Client, settings: Any) -> None:
        session = office.session
        records = session["account_authentication_methods"]
        session["account_authentication_methods"] = [{**record, "at": record["at"] - 86_400} for record in records]
        session.save()
        assert office.post(ROTATE).status_code == 302
        assert not SigningKey.objects.filter(status="next").exists()
