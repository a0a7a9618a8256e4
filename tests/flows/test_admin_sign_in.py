"""The admin opens to staff with a recent sign-in at this site itself, and to nobody else."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as METHODS
from django.test import Client

from project.admin import is_local, last_local_sign_in
from tests.factories import PASSWORD

INDEX = "/admin/"


@pytest.fixture
def client() -> Client:
    """Return a browser at the provider."""
    return Client(SERVER_NAME="localhost", SERVER_PORT="8000")


def sign_in(client: Client, person: Any) -> None:
    person.emailaddress_set.get_or_create(email=person.email, defaults={"verified": True, "primary": True})
    response = client.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    assert response.status_code == 302


def rewrite_records(client: Client, *records: Mapping[str, Any]) -> None:
    """Leave the session as another way of signing in, or an earlier hour, would have left it."""
    session = client.session
    session[METHODS] = [dict(record) for record in records]
    session.save()


def test_stranger_is_sent_to_the_sign_in_page_and_back(client: Client, db: None) -> None:
    response = client.get("/admin/auth/user/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=/admin/auth/user/"


def test_staff_who_just_signed_in_enter(client: Client, staff: Any) -> None:
    sign_in(client, staff)
    assert client.get(INDEX).status_code == 200


def test_person_who_is_not_staff_is_told_so(client: Client, user: Any) -> None:
    sign_in(client, user)
    response = client.get(INDEX, follow=True)
    assert response.status_code == 403
    assert b"not a member of staff" in response.content


def test_deactivated_staff_are_strangers(client: Client, staff: Any) -> None:
    sign_in(client, staff)
    type(staff).objects.filter(pk=staff.pk).update(is_active=False)
    assert client.get(INDEX, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_old_sign_in_is_asked_to_be_confirmed_and_then_enters(client: Client, staff: Any, settings: Any) -> None:
    sign_in(client, staff)
    rewrite_records(client, {"method": "password", "at": time.time() - settings.ADMIN_SIGN_IN_MAX_AGE - 1})
    response = client.get(INDEX, follow=True)
    assert response.status_code == 403
    assert b"/accounts/reauthenticate/?next=%2Fadmin%2F" in response.content
    confirmed = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": INDEX})
    assert confirmed["Location"] == INDEX
    assert client.get(INDEX).status_code == 200


def test_sign_in_within_the_age_enters(client: Client, staff: Any, settings: Any) -> None:
    sign_in(client, staff)
    rewrite_records(client, {"method": "password", "at": time.time() - settings.ADMIN_SIGN_IN_MAX_AGE + 60})
    assert client.get(INDEX).status_code == 200


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"method": "socialaccount", "provider": "house", "uid": "x"}],
        [{"method": "socialaccount", "provider": "qq", "uid": "x"}, {"method": "mfa", "type": "totp", "id": 1}],
        [{"method": "socialaccount", "provider": "qq", "uid": "x"}, {"method": "mfa", "type": "webauthn", "id": 1}],
        [{"method": "password_reset"}],
        [{"method": "code"}],
    ],
    ids=["none", "social", "social-totp", "social-key", "reset-link", "e-mailed-code"],
)
def test_other_sign_in_does_not_open_the_admin(client: Client, staff: Any, records: list[dict[str, Any]]) -> None:
    sign_in(client, staff)
    rewrite_records(client, *({"at": time.time(), **record} for record in records))
    assert client.get(INDEX, follow=True).status_code == 403
    assert client.post("/admin/auth/user/add/", {"username": "planted"}).status_code == 302
    assert not type(staff).objects.filter(username="planted").exists()


@pytest.mark.parametrize(
    "record",
    [
        {"method": "password"},
        {"method": "mfa", "type": "webauthn", "passwordless": True},
        {"method": "mfa", "type": "webauthn", "reauthenticated": True},
    ],
    ids=["password", "passkey", "key-asked-again"],
)
def test_local_sign_in_is_recognised(record: dict[str, Any]) -> None:
    assert is_local(record)


def test_latest_local_sign_in_counts() -> None:
    records = [{"method": "password", "at": 1.0}, {"method": "password", "at": 2.0}, {"method": "code", "at": 3.0}]
    assert last_local_sign_in(records) == 2.0


def test_records_of_another_person_do_not_count(client: Client, staff: Any, user: Any) -> None:
    sign_in(client, user)
    session = client.session
    assert session[METHODS]
    session["_auth_user_id"] = str(staff.pk)
    session["_auth_user_hash"] = staff.get_session_auth_hash()
    session.save()
    assert client.get(INDEX, follow=True).status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example.com/", "//evil.example.com/", "javascript:alert(1)"])
def test_entrance_leads_nowhere_else(client: Client, staff: Any, target: str) -> None:
    sign_in(client, staff)
    assert client.get("/admin/login/", {"next": target})["Location"] == INDEX


def test_leaving_the_admin_signs_out(client: Client, staff: Any) -> None:
    sign_in(client, staff)
    client.post("/admin/logout/")
    assert client.get(INDEX).status_code == 302


def test_link_to_leave_the_admin_does_nothing_by_itself(client: Client, staff: Any) -> None:
    sign_in(client, staff)
    client.get("/admin/logout/")
    assert client.get(INDEX).status_code == 200


def test_session_of_the_consumer_does_not_open_the_admin(staff: Any) -> None:
    staff.emailaddress_set.create(email=staff.email, verified=True, primary=True)
    consumer = Client(SERVER_NAME="127.0.0.1", SERVER_PORT="8000")
    from project.sessions import acting_site

    with acting_site("consumer"):
        consumer.force_login(staff)
    client = Client(SERVER_NAME="localhost", SERVER_PORT="8000")
    client.cookies.update(consumer.cookies)
    assert client.get(INDEX, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
