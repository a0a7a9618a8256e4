"""Use a stolen refresh token (RFC 9700 4.14)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from tests.provider.driver import Driver


class TestRefreshReplay:
    def test_rotated_token_is_refused_and_kills_the_family(self, driver: Driver) -> None:
        first = driver.tokens()
        second = driver.refresh(first.refresh)
        assert driver.refresh(first.refresh).error == "invalid_grant"
        assert not driver.works(second.access)
        assert driver.refresh(second.refresh).error == "invalid_grant"

    def test_thief_who_refreshes_first_is_thrown_out_by_the_owners_use(self, driver: Driver) -> None:
        first = driver.tokens()
        thief = driver.refresh(first.refresh)
        third = driver.refresh(thief.refresh)
        assert driver.refresh(first.refresh).error == "invalid_grant"
        assert not driver.works(third.access)

    def test_other_families_of_the_same_person_survive(self, driver: Driver) -> None:
        first, other = driver.tokens(), driver.tokens()
        driver.refresh(first.refresh)
        driver.refresh(first.refresh)
        assert driver.works(other.access)
        assert driver.refresh(other.refresh).status == 200

    def test_token_of_another_client_is_refused_and_survives(self, driver: Driver, attacker: Driver) -> None:
        first = driver.tokens()
        assert attacker.refresh(first.refresh).error == "invalid_grant"
        assert driver.refresh(first.refresh).status == 200

    def test_token_of_a_confidential_client_is_refused_without_its_secret(self, driver: Driver) -> None:
        token = driver.tokens().refresh
        assert driver.refresh(token, headers={}, client_id=driver.application.client_id).status == 401

    def test_token_of_a_public_client_is_rotated_and_its_replay_kills(self, public: Driver) -> None:
        sent: dict[str, Any] = {"headers": {}, "client_id": public.application.client_id}
        first = public.redeem(public.code(), **sent)
        second = public.refresh(first.refresh, **sent)
        assert second.refresh != first.refresh
        assert public.refresh(first.refresh, **sent).error == "invalid_grant"
        assert public.refresh(second.refresh, **sent).error == "invalid_grant"

    def test_idle_token_is_refused(self, driver: Driver) -> None:
        token = driver.tokens().refresh
        get_refresh_token_model().objects.update(created=timezone.now() - timedelta(days=31))
        assert driver.refresh(token).error == "invalid_grant"

    @pytest.mark.parametrize("scope", ["openid nickname email", "openid avatar", "root"])
    def test_scope_cannot_be_widened(self, driver: Driver, scope: str) -> None:
        assert driver.refresh(driver.tokens().refresh, scope=scope).error == "invalid_scope"

    def test_narrowed_token_does_not_widen_again_beyond_the_consent(self, driver: Driver) -> None:
        first = driver.tokens()
        narrow = driver.refresh(first.refresh, scope="openid")
        assert narrow.body["scope"] == "openid"
        wide = driver.refresh(narrow.refresh)
        assert set(wide.body["scope"].split()) <= {"openid", "nickname", "offline_access"}

    def test_access_token_is_no_refresh_token(self, driver: Driver) -> None:
        assert driver.refresh(driver.tokens().access).error == "invalid_grant"

    def test_grace_ends_with_the_family(self, driver: Driver, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REFRESH_TOKEN_GRACE_SECONDS": 60}
        first = driver.tokens()
        second = driver.refresh(first.refresh)
        assert driver.refresh(first.refresh).status == 200
        driver.revoke(second.refresh)
        assert driver.refresh(first.refresh).error == "invalid_grant"
