"""Client keys, tokens and sign-outs in the admin: steps by buttons, and nothing secret on any page."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from consumer_site.models import ClientKey, LogoutReceipt, SessionLink
from consumer_site.openid import client_keys
from tests.consumer.test_admin_providers import clerk
from tests.provider.admin.office import as_html, enter, page_of

pytestmark = pytest.mark.django_db

LIST = page_of(ClientKey)
MAKE = page_of(ClientKey, "make")


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


def test_key_is_made_and_its_private_half_never_shown(office: Client) -> None:
    assert 'href="' + MAKE in as_html(office.get(LIST))
    assert "sealed" in as_html(office.get(MAKE))
    assert office.post(MAKE, {"algorithm": "ES256"}).status_code == 303
    key = ClientKey.objects.get()
    pages = [as_html(office.get(address)) for address in (LIST, page_of(ClientKey, key.pk, "change"))]
    assert all(key.sealed not in page for page in pages)
    assert "signs" in pages[0]
    assert "/accounts/house/jwks/" in pages[0]
    assert key.public_jwk["x"] in pages[1]
    assert LogEntry.objects.latest("pk").object_id == str(key.pk)
    assert "errorlist" in as_html(office.post(MAKE, {"algorithm": "none"}))


def test_key_in_use_is_retired_on_purpose_alone(office: Client) -> None:
    key = client_keys.make(algorithm="ES256")
    retire = page_of(ClientKey, key.pk, "retire")
    assert retire in as_html(office.get(page_of(ClientKey, key.pk, "change")))
    assert "It is in use" in as_html(office.post(retire))
    key.refresh_from_db()
    assert key.retired_at is None
    assert office.post(retire, {"force": "on"}).status_code == 303
    key.refresh_from_db()
    assert key.retired_at is not None
    assert office.get(retire).status_code == 404
    assert "retired" in as_html(office.get(LIST))


def test_steps_want_their_permissions() -> None:
    key = client_keys.make(algorithm="ES256")
    retire = page_of(ClientKey, key.pk, "retire")
    looker = clerk("view_clientkey")
    assert MAKE not in as_html(looker.get(LIST))
    assert retire not in as_html(looker.get(page_of(ClientKey, key.pk, "change")))
    assert [looker.post(MAKE, {"algorithm": "ES256"}).status_code, looker.post(retire).status_code] == [403, 403]
    assert clerk("add_clientkey").post(MAKE, {"algorithm": "ES256"}).status_code == 303
    assert clerk("change_clientkey").post(retire, {"force": "on"}).status_code == 303
    assert clerk("view_sessionlink").get(LIST).status_code == 403


def test_no_key_is_edited_or_deleted(office: Client) -> None:
    key = client_keys.make(algorithm="ES256")
    assert office.get(page_of(ClientKey, "add")).status_code in {302, 403}
    assert office.post(page_of(ClientKey, key.pk, "change"), {"kid": "x"}).status_code == 403
    assert office.post(page_of(ClientKey, key.pk, "delete"), {"post": "yes"}).status_code == 403


def test_receipts_of_sign_outs_are_seen_and_stay(office: Client) -> None:
    row = LogoutReceipt.objects.create(
        digest="d" * 64, issuer="https://id.example.com", expires_at=timezone.now() + timedelta(hours=1)
    )
    assert "https://id.example.com" in as_html(office.get(page_of(LogoutReceipt)))
    page = as_html(office.get(page_of(LogoutReceipt, row.pk, "change")))
    assert row.digest not in page
    assert office.post(page_of(LogoutReceipt, row.pk, "delete"), {"post": "yes"}).status_code == 403
    assert office.get(page_of(LogoutReceipt, "add")).status_code == 403


def test_allauth_s_tokens_and_sealed_id_tokens_are_not_shown(office: Client, staff: Any) -> None:
    account = SocialAccount.objects.create(user=staff, provider="qq", uid="u")
    token = SocialToken.objects.create(
        account=account, token="token-in-clear-0123456789", token_secret="refresh-in-clear"
    )
    link = SessionLink.objects.create(
        user=staff, account=account, issuer="i", subject="s", session_key="session-key", sealed_id_token="sealed-token"
    )
    pages = "".join(
        as_html(office.get(address))
        for row in (token, link)
        for address in (page_of(type(row)), page_of(type(row), row.pk, "change"))
    )
    for secret in ("token-in-clear", "refresh-in-clear", "session-key", "sealed-token"):
        assert secret not in pages
