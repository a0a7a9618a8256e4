"""A key leaks, and is worth nothing after the run-book."""

from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.tokens import default_token_generator

from consumer_site import vault
from provider_site import crypto
from provider_site.errors import SignedTokenRefused
from provider_site.models import SigningKey
from provider_site.services import key_set, keys
from tests.provider.driver import Driver
from tests.runbooks import people
from tests.runbooks.rehearsal import Site

PAGE = "key-compromise"
pytestmark = pytest.mark.django_db


def kids(driver: Driver) -> set[str]:
    key_set.forget()
    return {key["kid"] for key in driver.backchannel.get("/.well-known/jwks.json").json()["keys"]}


def test_signing_key_leaked(site: Site, driver: Driver) -> None:
    before = driver.tokens()
    leaked = keys.signer()
    forged = leaked.sign({"iss": "http://localhost:8000", "sub": "anybody", "iat": 1, "exp": 2**31, "aud": "any"})
    assert keys.verify(forged)["sub"] == "anybody"
    site.follow(PAGE, "signing-key", KID=leaked.kid)
    with pytest.raises(SignedTokenRefused):
        keys.verify(forged)
    assert leaked.kid not in kids(driver)
    # Access and refresh tokens are none of it.
    assert driver.refresh(before.refresh).status == 200
    assert driver.tokens().body["id_token"]


def test_provider_key_ring_leaked(site: Site, driver: Driver, user: Any) -> None:
    people.add_authenticator_app(user)
    before, known, old = driver.tokens(), kids(driver), site.environment["PROVIDER_KEY_RING"].split(",")
    under_way = driver.code()
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "provider-ring-front")
    site.follow(PAGE, "provider-ring-reseal")
    assert driver.redeem(under_way).status == 200
    assert kids(driver) == known
    site.follow(PAGE, "provider-ring-only")
    site.follow(PAGE, "provider-ring-check")
    assert driver.refresh(before.refresh).status == 200
    assert get_adapter().decrypt(Authenticator.objects.get().data["secret"]) == people.TOTP_SECRET
    for key in SigningKey.objects.exclude(sealed_private_key=""):
        with pytest.raises(crypto.Unsealable):
            crypto.unseal(key.sealed_private_key, key_ring=old, purpose=keys.PURPOSE)


def test_provider_key_ring_and_database_leaked(site: Site, driver: Driver) -> None:
    known = kids(driver)
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "provider-ring-front")
    site.follow(PAGE, "provider-ring-reseal")
    site.follow(PAGE, "provider-ring-database")
    assert not known & kids(driver)
    site.follow(PAGE, "provider-ring-only")
    site.follow(PAGE, "provider-ring-check")
    assert driver.tokens().body["id_token"]


def test_consumer_key_ring_leaked(site: Site, user: Any) -> None:
    account = SocialAccount.objects.create(user=user, provider="house", uid="one")
    vault.save(account=account, tokens=vault.TokenSet("access", "refresh"))
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "consumer-ring-front")
    assert "opens nothing and may be removed" in site.follow(PAGE, "consumer-ring-reseal")
    site.follow(PAGE, "consumer-ring-only")
    site.follow(PAGE, "consumer-ring-check")
    assert vault.load(account=account) == vault.TokenSet("access", "refresh")


def test_secret_key_leaked(site: Site, driver: Driver, user: Any) -> None:
    driver.tokens()
    site.environment["SECRET_KEY_FALLBACKS"] = "an earlier one"
    forged = default_token_generator.make_token(user)
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "secret-key")
    assert not default_token_generator.check_token(user, forged)
    assert not people.is_signed_in(driver.browser)


def test_secret_key_is_changed_in_peace(site: Site, driver: Driver, user: Any) -> None:
    before, link = driver.tokens(), default_token_generator.make_token(user)
    site.follow(PAGE, "new-key")
    site.follow(PAGE, "secret-key-in-peace")
    assert people.is_signed_in(driver.browser)
    assert default_token_generator.check_token(user, link)
    assert driver.refresh(before.refresh).status == 200
