"""A single claim is an item of consent of our own: no client and no form can get one that was not asked and allowed."""

import json
from typing import Any

import pytest

from provider_site.models import Consent
from tests import factories
from tests.provider.driver import Driver, plant_signing_key, query

ASKED = json.dumps({"userinfo": {"name": None}})


@pytest.fixture
def driver(db: None, user: Any) -> Driver:
    plant_signing_key()
    user.first_name = "Ada"
    user.save()
    scopes = {"openid": True, "profile": False, "email": False, "offline_access": False}
    return Driver(factories.make_application(scopes=scopes), user)


@pytest.mark.parametrize("scope", ["openid claim:name", "claim:name", "openid profile claim:email"])
def test_name_of_an_item_is_no_scope_to_ask_for(driver: Driver, scope: str) -> None:
    assert query(driver.authorize(scope=scope))["error"] == "invalid_scope"


def test_form_cannot_add_a_claim_that_was_not_asked_for(driver: Driver, user: Any) -> None:
    page = driver.authorize(scope="openid", claims=ASKED)
    answer = driver.consent(page, scopes=["claim:name", "claim:email"])
    assert answer.status_code == 400
    assert not Consent.objects.filter(user=user).exists()


def test_refresh_cannot_widen_to_a_claim(driver: Driver) -> None:
    tokens = driver.redeem(driver.code(scope="openid offline_access", claims=ASKED, scopes=["offline_access"]))
    assert driver.refresh(tokens.refresh, scope="openid claim:name").error == "invalid_scope"


def test_item_is_on_no_wire(driver: Driver) -> None:
    """Neither the token's answer nor introspection nor the metadata speak of it."""
    scopes = ["claim:name", "offline_access"]
    tokens = driver.redeem(driver.code(scope="openid offline_access", claims=ASKED, scopes=scopes))
    assert tokens.body["scope"] == "openid offline_access"
    assert driver.refresh(tokens.refresh).body["scope"] == "openid offline_access"
    for address in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        assert "claim:" not in driver.backchannel.get(address).content.decode()


def test_claim_of_a_scope_that_was_taken_from_the_application_is_told_no_more(driver: Driver) -> None:
    from provider_site.models import ApplicationScope

    tokens = driver.redeem(driver.code(scope="openid", claims=ASKED, scopes=["claim:name"]))
    assert "name" in driver.userinfo(tokens.access).json()
    ApplicationScope.objects.filter(application=driver.application, scope="profile").delete()
    assert driver.userinfo(tokens.access).json().keys() == {"sub"}


def test_asking_for_a_part_does_not_open_the_whole(driver: Driver) -> None:
    driver.code(scope="openid", claims=ASKED, scopes=["claim:name"])
    assert query(driver.authorize(scope="openid profile", prompt="none"))["error"] == "consent_required"
