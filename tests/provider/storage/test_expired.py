"""storage/expired.py: what nobody can use any more goes, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from provider_site.conf import provider_settings
from provider_site.services import pruning
from tests.provider.driver import Driver, plant_signing_key

AccessToken, RefreshToken, Grant = get_access_token_model(), get_refresh_token_model(), get_grant_model()


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    plant_signing_key()
    return Driver(registered, user)


def dead_since() -> Any:
    """Return a moment from which on an unused refresh token is dead, and may be forgotten."""
    return timezone.now() - provider_settings.refresh_token_idle_lifetime - pruning.KEPT - timedelta(hours=1)


def test_expired_access_token_stays_with_its_live_refresh_token(driver: Driver) -> None:
    """Without it, DOT's own command takes the refresh token for an orphan and deletes it."""
    refresh = driver.tokens().refresh
    AccessToken.objects.update(expires=dead_since())
    pruning.prune()
    assert AccessToken.objects.exists()
    assert driver.refresh(refresh).status == 200


def test_expired_access_token_without_a_refresh_token_goes(driver: Driver) -> None:
    driver.tokens()
    RefreshToken.objects.all().delete()
    pruning.prune()
    assert AccessToken.objects.exists()
    AccessToken.objects.update(expires=timezone.now() - pruning.KEPT - timedelta(hours=1))
    pruning.prune()
    assert not AccessToken.objects.exists()


def test_unused_refresh_token_goes_with_its_access_token(driver: Driver) -> None:
    driver.tokens()
    RefreshToken.objects.update(created=dead_since())
    AccessToken.objects.update(expires=dead_since())
    pruning.prune()
    assert not RefreshToken.objects.exists()
    assert not AccessToken.objects.exists()


def test_rotated_refresh_token_stays_so_that_its_replay_is_known(driver: Driver) -> None:
    first = driver.tokens()
    second = driver.refresh(first.refresh)
    RefreshToken.objects.exclude(revoked=None).update(created=dead_since())  # made long ago, used up just now
    pruning.prune()
    assert driver.refresh(first.refresh).error == "invalid_grant"
    assert not driver.works(second.access)


def test_long_rotated_refresh_token_goes_and_its_family_lives(driver: Driver) -> None:
    second = driver.refresh(driver.tokens().refresh)
    RefreshToken.objects.exclude(revoked=None).update(revoked=dead_since())
    pruning.prune()
    assert RefreshToken.objects.count() == 1
    assert driver.refresh(second.refresh).status == 200


def test_expired_code_goes(driver: Driver) -> None:
    driver.code()
    pruning.prune()
    assert Grant.objects.exists()
    Grant.objects.update(expires=timezone.now() - pruning.KEPT - timedelta(hours=1))
    pruning.prune()
    assert not Grant.objects.exists()
