"""Accounts of people at the provider: sign up, get back in, protect the account."""

import re
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client

from tests.factories import PASSWORD

LINK = re.compile(r"http://localhost:8000(/\S+)")


@pytest.fixture
def client() -> Client:
    """Return a browser at the provider."""
    return Client(SERVER_NAME="localhost", SERVER_PORT="8000")


def sign_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password})


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.fixture
def member(user: Any) -> Any:
    """Return a person with a confirmed address."""
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


def link_in_mail() -> str:
    (message,) = mail.outbox
    found = LINK.search(message.body)
    assert found, message.body
    return found[1]


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_sign_up_wants_the_address_confirmed_before_it_lets_in(client: Client, db: None) -> None:
    fields = {"username": "newcomer", "email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", fields)
    assert not signed_in(client)
    confirm = link_in_mail()
    assert sign_in(client, "newcomer")["Location"].startswith("/accounts/confirm-email/")
    # Opening the link only shows a button: a mail scanner confirms nothing.
    assert client.get(confirm).status_code == 200
    assert not get_user_model().objects.get(username="newcomer").emailaddress_set.get().verified
    client.post(confirm)
    sign_in(client, "newcomer")
    assert signed_in(client)


@pytest.mark.parametrize("field", ["username", "email"])
def test_sign_in_takes_name_or_address(client: Client, member: Any, field: str) -> None:
    sign_in(client, getattr(member, field))
    assert signed_in(client)


def test_wrong_password_is_refused_with_a_tied_error(client: Client, member: Any) -> None:
    response = sign_in(client, member.username, "wrong")
    assert not signed_in(client)
    assert 'role="alert"' in response.content.decode()


def test_sixth_wrong_password_locks_the_account_for_a_while(client: Client, member: Any) -> None:
    for _attempt in range(5):
        sign_in(client, member.username, "wrong")
    sign_in(client, member.username)
    assert not signed_in(client)


def test_password_is_reset_by_the_link_in_the_mail(client: Client, member: Any) -> None:
    client.post("/accounts/password/reset/", {"email": member.email})
    form = client.get(link_in_mail(), follow=True)
    changed = {"password1": "a quite different one 9", "password2": "a quite different one 9"}
    client.post(form.redirect_chain[-1][0], changed)
    assert not signed_in(client)
    sign_in(client, member.username, "a quite different one 9")
    assert signed_in(client)


def test_reset_tells_nobody_whether_an_address_is_known(client: Client, member: Any) -> None:
    known = client.post("/accounts/password/reset/", {"email": member.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mail.outbox) == 1


def test_second_factor_is_asked_for_and_its_secret_is_sealed(client: Client, member: Any) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(member, secret)
    stored = Authenticator.objects.get(user=member, type="totp").data["secret"]
    assert secret not in stored
    assert get_adapter().decrypt(stored) == secret
    assert sign_in(client, member.username)["Location"].startswith("/accounts/2fa/authenticate/")
    assert not signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)})
    assert signed_in(client)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/reauthenticate/",
        "/accounts/logout/",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_account_page_is_whole_in_our_layout(client: Client, member: Any, path: str, language: str) -> None:
    sign_in(client, member.username)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(path, headers={"accept-language": language}).content.decode()
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == 1
    assert re.search(r"<title>\s*\S", page)
    assert 'href="/static/project/site.css"' in page
    # Nothing the strict policy would refuse.
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))|\sstyle=|\son\w+=", page)


def test_security_keys_are_listed_by_the_names_their_owner_gave(client: Client, member: Any) -> None:
    sign_in(client, member.username)
    passkey = {"name": "<key>", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    Authenticator.objects.create(user=member, type="webauthn", data=passkey)
    Authenticator.objects.create(user=member, type="webauthn", data={"name": "spare"})
    page = client.get("/accounts/2fa/webauthn/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "<bdi>&lt;key&gt;</bdi>" in page
    assert page.count("还没有用过") == 2
    assert page.index("通行密钥") < page.index("spare") < page.index("未说明")
