"""portal/developer/secrets.py."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from provider_site.models import AuditEvent, ClientSecret, OutboxMessage
from provider_site.services import members, secrets
from tests import factories
from tests.provider.developer.browsers import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def registered(user: Any) -> Any:
    return factories.make_application(user)


@pytest.fixture
def application(registered: Any) -> Any:
    return registered.application


@pytest.fixture
def address(application: Any) -> str:
    """Return the address of the application's secrets page."""
    return f"/o/developer/{application.pk}/secrets/"


@pytest.fixture
def owner(user: Any) -> Client:
    return signed_in(user)


def form(page: Any, **changes: str) -> dict[str, str]:
    """Return the form of a page as a browser would send it, filled in."""
    seen = re.search(r'name="seen" value="([^"]*)"', page.content.decode())
    assert seen is not None
    return {"name": "web server", "lifetime": "30", "seen": seen[1]} | changes


def shown(page: Any) -> str:
    """Return the secret that a page shows this once."""
    found = re.search(r'id="secret-text"[^>]*>([^<]+)<', page.content.decode())
    assert found is not None
    return found[1]


def works(application: Any, text: str) -> bool:
    application.refresh_from_db()
    return secrets.verify_secret(application=application, secret=text)


class TestIssuing:
    def test_new_secret_is_shown_once_and_works_beside_the_other(
        self, owner: Client, address: str, registered: Any
    ) -> None:
        page = owner.post(f"{address}issue/", form(owner.get(address)))
        text = shown(page)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert works(registered.application, text)
        assert works(registered.application, registered.client_secret)
        row = ClientSecret.objects.get(name="web server")
        assert row.expires_at is not None
        assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)

    def test_secret_is_kept_nowhere_a_later_page_could_show_it(
        self, owner: Client, address: str, application: Any
    ) -> None:
        text = shown(owner.post(f"{address}issue/", form(owner.get(address))))
        row = ClientSecret.objects.get(name="web server")
        later = [
            address,
            f"/o/developer/{application.pk}/",
            f"/o/developer/{application.pk}/settings/",
            "/o/developer/",
        ]
        for page in (owner.get(path).content.decode() for path in later):
            assert text not in page
            assert row.digest not in page
        assert row.first_characters in owner.get(address).content.decode()
        kept = [
            dict(owner.session),
            owner.cookies,
            list(AuditEvent.objects.values()),
            list(OutboxMessage.objects.values()),
        ]
        assert all(text not in str(place) for place in kept)

    @pytest.mark.parametrize("action", ["issue", "rotate"])
    def test_form_sent_again_makes_no_second_secret(self, owner: Client, address: str, action: str) -> None:
        """Reloading the page with the secret, a second click, the way back and once more: the same form."""
        filled = form(owner.get(address), overlap="3600")
        text = shown(owner.post(f"{address}{action}/", filled))
        before = list(ClientSecret.objects.order_by("pk").values())
        again = owner.post(f"{address}{action}/", filled)
        assert again.status_code == 409
        assert "No secret was made this time" in again.content.decode()
        assert text not in again.content.decode()
        assert list(ClientSecret.objects.order_by("pk").values()) == before

    @pytest.mark.parametrize("seen", ["", "0", "999999", "x"])
    def test_form_without_what_was_seen_makes_none(self, owner: Client, address: str, seen: str) -> None:
        assert owner.post(f"{address}issue/", form(owner.get(address), seen=seen)).status_code == 409
        assert ClientSecret.objects.count() == 1

    @pytest.mark.parametrize("wrong", [{"lifetime": "31"}, {"lifetime": ""}, {"lifetime": "-1"}, {"name": "x" * 61}])
    def test_what_was_not_offered_is_refused_beside_its_field(
        self, owner: Client, address: str, wrong: dict[str, str]
    ) -> None:
        page = owner.post(f"{address}issue/", form(owner.get(address), **wrong))
        assert page.status_code == 400
        assert 'aria-invalid="true"' in page.content.decode()
        assert ClientSecret.objects.count() == 1

    def test_site_s_longest_lifetime_binds(self, owner: Client, address: str, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SECRET_MAX_DAYS": 60}
        page = owner.get(address)
        assert re.findall(r'<option value="(\w+)"', page.content.decode())[:2] == ["30", "60"]
        assert owner.post(f"{address}issue/", form(page, lifetime="none")).status_code == 400
        assert ClientSecret.objects.count() == 1

    def test_eleventh_secret_is_refused(self, owner: Client, address: str, application: Any) -> None:
        for _index in range(secrets.MAX_LIVE - 1):
            secrets.issue_secret(application=application)
        page = owner.get(address)
        assert f'action="{address}issue/"' not in page.content.decode()
        assert owner.post(f"{address}issue/", form(page)).status_code == 400
        assert ClientSecret.objects.count() == secrets.MAX_LIVE


class TestRotating:
    @pytest.mark.parametrize(("overlap", "still_works"), [("0", False), ("3600", True)])
    def test_others_end_when_it_was_said(
        self, owner: Client, address: str, registered: Any, overlap: str, still_works: bool
    ) -> None:
        old = ClientSecret.objects.get()
        text = shown(owner.post(f"{address}rotate/", form(owner.get(address), overlap=overlap)))
        assert works(registered.application, text)
        assert works(registered.application, registered.client_secret) is still_works
        old.refresh_from_db()
        assert old.expires_at is not None
        assert old.expires_at <= timezone.now() + timedelta(seconds=int(overlap))

    @pytest.mark.parametrize("overlap", ["", "1", "-3600", "99999999"])
    def test_overlap_that_was_not_offered_is_refused(self, owner: Client, address: str, overlap: str) -> None:
        assert owner.post(f"{address}rotate/", form(owner.get(address), overlap=overlap)).status_code == 400
        assert ClientSecret.objects.get().expires_at is None


class TestRevoking:
    def test_revoked_secret_stops_at_once_and_stays_in_the_list(
        self, owner: Client, address: str, registered: Any
    ) -> None:
        row = ClientSecret.objects.get()
        assert "It is the only secret that works" in owner.get(address).content.decode()
        for _time in range(2):
            assert owner.post(f"{address}{row.pk}/revoke/")["Location"] == address
        assert not works(registered.application, registered.client_secret)
        page = owner.get(address).content.decode()
        assert row.first_characters in page
        assert f"{row.pk}/revoke/" not in page
        assert "1 secret that has ended" in page
        assert AuditEvent.objects.filter(action="secret.revoked").count() == 1

    def test_secret_from_before_is_listed_and_revoked(self, owner: Client, address: str, application: Any) -> None:
        ClientSecret.objects.all().delete()
        stored = make_password("a secret of long ago", hasher="pbkdf2_sha256")
        type(application).objects.filter(pk=application.pk).update(client_secret=stored)
        page = owner.get(address).content.decode()
        assert "The old secret, from before this site kept several" in page
        assert stored not in page
        assert works(application, "a secret of long ago")
        owner.post(f"{address}legacy/revoke/")
        assert not works(application, "a secret of long ago")
        assert "The old secret, from before this site kept several" not in owner.get(address).content.decode()


class TestAttacks:
    def writes(self, address: str, row: ClientSecret) -> dict[str, dict[str, str]]:
        made = {"name": "evil", "lifetime": "30", "seen": str(row.pk)}
        return {
            f"{address}issue/": made,
            f"{address}rotate/": made | {"overlap": "0"},
            f"{address}{row.pk}/revoke/": {},
            f"{address}legacy/revoke/": {},
        }

    def state(self) -> Any:
        return list(ClientSecret.objects.order_by("pk").values()), AuditEvent.objects.count()

    @pytest.mark.parametrize("role", ["stranger", "tester", "invited", "staff"])
    def test_whoever_is_no_owner_finds_nothing(
        self, address: str, application: Any, user: Any, other_user: Any, staff: Any, role: str
    ) -> None:
        if role in {"tester", "invited"}:
            row = members.invite(
                application=application,
                identifier=other_user.username,
                role="tester" if role == "tester" else "owner",
                actor=user,
            )
        if role == "tester":
            members.accept(member_id=row.pk, user=other_user)
        browser = signed_in(staff if role == "staff" else other_user)
        before = self.state()
        assert browser.get(address).status_code == 404
        for path, sent in self.writes(address, ClientSecret.objects.get()).items():
            assert browser.post(path, sent).status_code == 404, path
        assert self.state() == before

    def test_co_owner_may(self, address: str, application: Any, user: Any, other_user: Any) -> None:
        row = members.invite(application=application, identifier=other_user.username, role="owner", actor=user)
        members.accept(member_id=row.pk, user=other_user)
        browser = signed_in(other_user)
        assert shown(browser.post(f"{address}issue/", form(browser.get(address))))

    def test_secret_of_another_application_is_not_found_through_one_s_own(
        self, registered: Any, other_user: Any
    ) -> None:
        theirs = ClientSecret.objects.get()
        own = factories.make_application(other_user).application
        attacker = signed_in(other_user)
        assert attacker.post(f"/o/developer/{own.pk}/secrets/{theirs.pk}/revoke/").status_code == 404
        assert works(registered.application, registered.client_secret)

    def test_every_form_wants_its_token(self, address: str, user: Any, registered: Any) -> None:
        browser = signed_in(user, enforce_csrf_checks=True)
        before = self.state()
        for path, sent in self.writes(address, ClientSecret.objects.get()).items():
            assert browser.post(path, sent).status_code == 403, path
        assert self.state() == before

    def test_get_does_nothing(self, address: str, owner: Client, registered: Any) -> None:
        row = ClientSecret.objects.get()
        before = self.state()
        for path, sent in self.writes(address, row).items():
            assert owner.get(path, sent).status_code == 405, path
        owner.get(address)
        assert self.state() == before

    def test_name_is_escaped(self, address: str, owner: Client) -> None:
        hostile = "<script>alert(1)</script>"
        page = owner.post(f"{address}issue/", form(owner.get(address), name=hostile))
        assert hostile not in page.content.decode()
        assert hostile not in owner.get(address).content.decode()


class TestPublicClients:
    def test_page_explains_and_has_no_form(self, owner: Client, user: Any) -> None:
        application = factories.make_application(user, client_type="public").application
        address = f"/o/developer/{application.pk}/secrets/"
        page = owner.get(address).content.decode()
        assert "RFC 8252" in page
        assert f'action="{address}' not in page
        sent = {"name": "", "lifetime": "30", "seen": "0", "overlap": "0"}
        for action in ("issue", "rotate"):
            assert owner.post(f"{address}{action}/", sent).status_code == 400
        assert not ClientSecret.objects.exists()


def test_states_are_told_in_words(owner: Client, address: str, application: Any) -> None:
    now = timezone.now()
    first = ClientSecret.objects.get()
    assert "Works</span>" in owner.get(address).content.decode()
    ClientSecret.objects.filter(pk=first.pk).update(expires_at=now + timedelta(days=13), last_used_at=now)
    assert "Ends soon</span>" in owner.get(address).content.decode()
    ClientSecret.objects.filter(pk=first.pk).update(expires_at=now)
    page = owner.get(address).content.decode()
    assert "nobody can sign in to this application until it has one" in page
    assert f'action="{address}rotate/"' not in page
