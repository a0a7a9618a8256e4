"""Keep tokens sealed: by key, and to their account."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from consumer_site import vault
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.errors import NotConfigured
from consumer_site.models import StoredToken
from consumer_site.vault import cipher

OLD, NEW = "old secret, long enough to be one " * 2, "new secret, long enough to be one " * 2


def ring(settings: Any, *secrets: str) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": list(secrets)}


def make_account(uid: str = "one") -> SocialAccount:
    user = get_user_model().objects.create_user(f"user-{uid}")
    return SocialAccount.objects.create(user=user, provider="house", uid=uid)


def test_sealed_text_opens_for_its_binding_alone() -> None:
    sealed = cipher.seal("secret", binding="a")
    assert "secret" not in sealed
    assert cipher.unseal(sealed, binding="a") == "secret"
    with pytest.raises(vault.UnsealError):
        cipher.unseal(sealed, binding="b")


@pytest.mark.parametrize("sealed", ["", "x", "é", "gAAAA", "A" * 200])
def test_what_was_not_sealed_here_does_not_open(sealed: str) -> None:
    with pytest.raises(vault.UnsealError):
        cipher.unseal(sealed, binding="a")


def test_key_ring_rotates(settings: Any) -> None:
    ring(settings, OLD)
    sealed = cipher.seal("secret", binding="a")
    ring(settings, NEW, OLD)
    assert cipher.unseal(sealed, binding="a") == "secret"
    renewed = cipher.seal("secret", binding="a")
    ring(settings, NEW)
    assert cipher.unseal(renewed, binding="a") == "secret"
    with pytest.raises(vault.UnsealError):
        cipher.unseal(sealed, binding="a")


def test_missing_key_ring_says_what_to_set(settings: Any) -> None:
    ring(settings)
    with pytest.raises(ImproperlyConfigured, match="KEY_RING"):
        cipher.seal("secret", binding="a")


@pytest.mark.django_db
def test_tokens_come_back_as_they_were_saved() -> None:
    account, until = make_account(), timezone.now()
    tokens = vault.TokenSet("access", "refresh", until, ("openid", "nickname"))
    row = vault.save(account=account, tokens=tokens)
    assert vault.load(account=account) == tokens
    assert "access" not in row.sealed
    assert "refresh" not in repr(tokens) + str(row)
    vault.save(account=account, tokens=vault.TokenSet("again"))
    assert vault.load(account=account) == vault.TokenSet("again")
    vault.forget(account=account)
    assert vault.load(account=account) is None


@pytest.mark.django_db
def test_row_swapped_to_another_account_does_not_open() -> None:
    first, second = make_account("one"), make_account("two")
    vault.save(account=first, tokens=vault.TokenSet("first"))
    vault.save(account=second, tokens=vault.TokenSet("second"))
    StoredToken.objects.filter(account=second).update(sealed=StoredToken.objects.get(account=first).sealed)
    with pytest.raises(vault.UnsealError):
        vault.load(account=second)


@pytest.mark.django_db
def test_disconnecting_an_account_forgets_its_tokens() -> None:
    account = make_account()
    vault.save(account=account, tokens=vault.TokenSet("access"))
    account.delete()
    assert not StoredToken.objects.exists()


def test_tokens_of_an_unfinished_sign_up_are_sealed_in_the_session() -> None:
    adapter = SocialAccountAdapter()
    until = timezone.now()
    data = adapter.serialize_instance(SocialToken(token="access", token_secret="refresh", expires_at=until))
    assert "access" not in str(data)
    assert "refresh" not in str(data)
    opened = adapter.deserialize_instance(SocialToken, data)
    assert (opened.token, opened.token_secret) == ("access", "refresh")
    with pytest.raises(ValueError, match="no key"):
        adapter.deserialize_instance(SocialToken, {**data, "sealed": "x"})


def test_connection_is_found_by_the_connector_and_by_the_id_of_an_entry(db: None) -> None:
    connection = vault.Connection(origins=lambda *, account: ())
    vault.register("test", connection)
    SocialApp.objects.create(provider="test", provider_id="entry", name="Entry", client_id="x")
    assert vault.connection_for(SocialAccount(provider="test")) is connection
    assert vault.connection_for(SocialAccount(provider="entry")) is connection
    with pytest.raises(NotConfigured):
        vault.connection_for(SocialAccount(provider="nobody"))
