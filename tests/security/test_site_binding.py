"""Carry a session, a sign-in or an admin's rights from where they were made to where they don't belong."""

import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client

from project.sessions import acting_site
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver
from tests.security.conftest import BACKEND

CONSUMER_HOST = "127.0.0.1:8000"
COOKIE = django_settings.SESSION_COOKIE_NAME


def browser(host: str = ISSUER_HOST, **options: Any) -> Client:
    """Return a browser at one of the two sites."""
    return Client(headers={"host": host}, **options)


def sign_in(client: Client, person: Any) -> Any:
    """Sign in by the site's own form."""
    person.emailaddress_set.update_or_create(email=person.email, defaults={"verified": True, "primary": True})
    return client.post("/accounts/login/", {"login": person.username, "password": factories.PASSWORD})


def at_consumer(person: Any) -> Client:
    """Return a browser in which somebody has signed in at the consumer, by the password if it came to that."""
    client = browser(CONSUMER_HOST)
    with acting_site("consumer"):
        client.force_login(person, backend=BACKEND)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session.save()
    return client


class TestSessionFixation:
    def test_session_before_the_sign_in_is_not_the_one_after(self, driver: Driver, user: Any) -> None:
        victim = browser()
        victim.get("/o/authorize/", driver.request_parameters())
        planted = victim.cookies[COOKIE].value
        assert sign_in(victim, user).status_code == 302
        assert victim.cookies[COOKIE].value != planted
        assert not Session.objects.filter(pk=planted).exists()

    @pytest.mark.parametrize("planted", ["provider." + "a" * 31, "provider.", "x" * 40, "consumer." + "b" * 31])
    def test_session_of_an_attackers_choice_is_not_adopted(self, user: Any, planted: str) -> None:
        victim = browser()
        victim.cookies[COOKIE] = planted
        assert sign_in(victim, user).status_code == 302
        assert victim.cookies[COOKIE].value != planted
        assert not Session.objects.filter(pk=planted).exists()

    def test_forms_token_changes_at_the_sign_in(self, user: Any) -> None:
        victim = browser()
        victim.get("/accounts/login/")
        before = victim.cookies[django_settings.CSRF_COOKIE_NAME].value
        sign_in(victim, user)
        assert victim.cookies[django_settings.CSRF_COOKIE_NAME].value != before

    def test_session_is_over_after_the_sign_out(self, user: Any) -> None:
        victim = browser()
        sign_in(victim, user)
        stolen = victim.cookies[COOKIE].value
        victim.post("/accounts/logout/")
        thief = browser()
        thief.cookies[COOKIE] = stolen
        assert "/accounts/login/" in thief.get("/o/profile/")["Location"]

    def test_signing_out_needs_the_persons_own_form(self, user: Any) -> None:
        victim = browser(enforce_csrf_checks=True)
        victim.force_login(user, backend=BACKEND)
        assert victim.get("/accounts/logout/").status_code == 200
        assert victim.post("/accounts/logout/").status_code == 403
        assert victim.get("/o/profile/").status_code == 200


class TestSiteBinding:
    @pytest.mark.parametrize("address", ["/o/authorize/", "/o/token/", "/o/profile/", "/admin/", "/o/apps/"])
    def test_consumers_host_has_no_address_of_the_provider(self, db: None, address: str) -> None:
        assert browser(CONSUMER_HOST).get(address).status_code == 404

    def test_consumers_session_is_none_at_the_provider(self, driver: Driver, user: Any) -> None:
        carried = browser()
        carried.cookies[COOKIE] = at_consumer(user).cookies[COOKIE].value
        answer = carried.get("/o/authorize/", driver.request_parameters())
        assert answer["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/email/"])
    def test_cookie_is_for_one_host_scripts_and_sites_excluded(self, user: Any, path: str) -> None:
        client = browser()
        sign_in(client, user)
        client.get(path)
        cookie = client.cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["domain"] == ""
        assert client.cookies[django_settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"


class TestAdminEntrance:
    def test_local_sign_in_of_staff_opens_it(self, staff: Any) -> None:
        client = browser()
        sign_in(client, staff)
        assert client.get("/admin/").status_code == 200

    def test_sign_in_that_left_no_local_record_does_not_open_it(self, staff: Any) -> None:
        client = browser()
        client.force_login(staff, backend=BACKEND)
        assert client.get("/admin/", follow=True).status_code == 403

    @pytest.mark.parametrize(
        "record",
        [
            {"method": "socialaccount", "provider": "house", "uid": "1"},
            {"method": "mfa", "type": "totp"},
            {"method": "mfa", "type": "webauthn"},
            {"method": "email"},
            {"method": "code"},
        ],
    )
    def test_other_kinds_of_sign_in_do_not_open_it(self, staff: Any, record: dict[str, Any]) -> None:
        client = browser()
        client.force_login(staff, backend=BACKEND)
        session = client.session
        session["account_authentication_methods"] = [record | {"at": time.time()}]
        session.save()
        assert client.get("/admin/", follow=True).status_code == 403

    def test_old_sign_in_does_not_open_it(self, staff: Any) -> None:
        client = browser()
        sign_in(client, staff)
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] -= 13 * 3600
        session.save()
        assert client.get("/admin/", follow=True).status_code == 403

    def test_sign_in_at_the_consumer_does_not_open_it(self, staff: Any) -> None:
        consumer = at_consumer(staff)
        assert consumer.get("/calendar/").status_code == 200
        carried = browser()
        carried.cookies[COOKIE] = consumer.cookies[COOKIE].value
        assert carried.get("/admin/").status_code == 302
        assert consumer.get("/admin/").status_code == 404

    def test_person_who_is_no_staff_does_not_open_it(self, user: Any) -> None:
        client = browser()
        sign_in(client, user)
        assert client.get("/admin/", follow=True).status_code == 403
