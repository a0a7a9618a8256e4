"""What honest retries get that arrive together with the first use of a refresh token (decision 0009)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from provider_site.models import Authorization
from provider_site.services import consents
from tests import factories
from tests.flows.meanwhile import before_writing
from tests.flows.test_at_once import fresh
from tests.provider.driver import Driver, Tokens, plant_signing_key


@pytest.fixture(params=["fast", "general"])
def driver(request: Any, transactional_db: None, settings: Any) -> Driver:
    """Return an application and its person, with a grace of a minute, on the short way and on the general one."""
    lane = {"FAST_LANE": request.param == "fast", "REFRESH_TOKEN_GRACE_SECONDS": 60}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | lane
    plant_signing_key()
    return Driver(factories.make_application(), factories.make_user())


def test_retry_that_was_read_before_the_first_use_was_written_is_a_sibling(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = driver.tokens().refresh
    first: list[Tokens] = []
    before_writing(monkeypatch, lambda: first.append(fresh(driver).refresh(token)))
    sibling = driver.refresh(token)
    assert [first[0].status, sibling.status] == [200, 200]
    assert Authorization.objects.get().revoked_at is None
    assert driver.works(first[0].access)
    assert driver.works(sibling.access)


def test_retry_that_was_read_before_its_family_was_killed_buys_nothing(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = driver.browser.session["_auth_user_id"]
    token = driver.tokens().refresh
    assert driver.refresh(token).status == 200
    before_writing(monkeypatch, lambda: consents.withdraw(user=user_of(user), application=driver.application))
    assert driver.refresh(token).error == "invalid_grant"


def test_token_rotated_by_a_clock_that_is_ahead_is_no_retry_without_a_grace(driver: Driver, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REFRESH_TOKEN_GRACE_SECONDS": 0}
    token = driver.tokens().refresh
    second = driver.refresh(token)
    ahead = timezone.now() + timedelta(seconds=30)
    get_refresh_token_model().objects.exclude(revoked=None).update(revoked=ahead)
    assert driver.refresh(token).error == "invalid_grant"
    assert not driver.works(second.access)


def user_of(key: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(pk=key)
