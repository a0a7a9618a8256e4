"""A key is lost, and the site goes on by the run-book."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.tokens import default_token_generator
from django.core.management import CommandError

from consumer_site import vault
from consumer_site.models import ClientKey, StoredToken
from consumer_site.openid import client_keys
from provider_site import crypto
from provider_site.services import key_set, keys
from tests import factories
from tests.provider.driver import Driver
from tests.runbooks import people
from tests.runbooks.rehearsal import Site

PAGE = "key-loss"
pytestmark = pytest.mark.django_db


def kids(driver: Driver) -> set[str]:
    key_set.forget()
    return {key["kid"] for key in driver.backchannel.get("/.well-known/jwks.json").json()["keys"]}


def test_provider_key_ring_is_lost(site: Site, driver: Driver, user: Any) -> None:
    people.prove_address(user)
    people.add_authenticator_app(user)
    before = driver.tokens()
    hint, known = before.body["id_token"], kids(driver)
    under_way = driver.code()
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "provider-ring-new")
    assert driver.redeem(under_way).error == "invalid_grant"
    with pytest.raises(crypto.Unsealable):
        keys.signer()
    with pytest.raises(CommandError):
        site.follow(PAGE, "provider-ring-check")

    site.follow(PAGE, "provider-ring-sign")
    assert "ada" in site.follow(PAGE, "provider-ring-factors")
    site.follow(PAGE, "provider-ring-check")
    assert known < kids(driver)
    assert keys.verify(hint, allow_expired=True)["sub"]
    assert driver.introspect(before.access)["active"]
    assert driver.refresh(before.refresh).status == 200
    assert driver.tokens().body["id_token"]
    assert not Authenticator.objects.exists()
    assert not people.after_password(user).startswith("/accounts/2fa/")


def test_second_factors_that_open_are_sealed_anew_and_never_forgotten(site: Site, user: Any) -> None:
    people.prove_address(user)
    people.add_authenticator_app(user)
    before = Authenticator.objects.get().data["secret"]
    assert "Sealed anew: 1. Forgotten: 0." in site.follow(PAGE, "provider-ring-factors")
    assert Authenticator.objects.get().data["secret"] != before
    assert people.after_password(user).startswith("/accounts/2fa/")


def test_consumer_key_ring_is_lost(site: Site, user: Any) -> None:
    account = SocialAccount.objects.create(user=user, provider="house", uid="one")
    vault.save(account=account, tokens=vault.TokenSet("access", "refresh"))
    lost = client_keys.make()
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "consumer-ring-new")
    with pytest.raises(CommandError, match="2 rows can't be opened"):
        site.follow(PAGE, "consumer-ring-check")
    with pytest.raises(vault.UnsealError):
        vault.load(account=account)

    site.follow(PAGE, "consumer-client-key", KID=str(lost.kid))
    key = ClientKey.objects.get(retired_at=None)
    assert client_keys.private_key(key)
    site.follow(PAGE, "consumer-forget")
    assert not StoredToken.objects.exists()
    site.follow(PAGE, "consumer-ring-check")
    vault.save(account=account, tokens=vault.TokenSet("access", "refresh"))
    assert vault.load(account=account) == vault.TokenSet("access", "refresh")


def test_secret_key_is_lost(site: Site, driver: Driver, user: Any) -> None:
    offline, link = driver.tokens(), default_token_generator.make_token(user)
    other = Driver(factories.make_application(), user)
    online = other.redeem(other.code(scope="openid nickname", scopes=("nickname",)))
    assert people.is_signed_in(driver.browser)
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "secret-key-new")
    assert not people.is_signed_in(driver.browser)
    assert not default_token_generator.check_token(user, link)
    assert not other.introspect(online.access)["active"]
    assert driver.introspect(offline.access)["active"]
    assert driver.refresh(offline.refresh).status == 200
