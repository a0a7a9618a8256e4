"""Get a scope that was not registered, not allowed, or not asked for (RFC 6749 3.3, 6; RFC 9700 2.3)."""

from typing import Any

import pytest

from tests import factories
from tests.provider.device import make_device_application
from tests.provider.driver import Driver, encode, query
from tests.spec import resources

UNREGISTERED = "openid email"
ODD = [
    "openid  root",
    "root",
    "*",
    "openid\temail",
    "OPENID email",
    "openid,email",
    "admin",
    "openid \u00a0email",
    "a" * 3000,
]


class TestScopeEscalation:
    @pytest.mark.parametrize("scope", [UNREGISTERED, *ODD], ids=lambda scope: ascii(scope[:20]))
    def test_authorization_gives_no_scope_that_is_not_registered(self, driver: Driver, scope: str) -> None:
        driver.code()
        assert query(driver.authorize(scope=scope))["error"] == "invalid_scope"

    @pytest.mark.parametrize("scope", ["openid nickname avatar", UNREGISTERED, "root"])
    def test_code_buys_what_was_allowed_whatever_the_client_names(self, driver: Driver, scope: str) -> None:
        """On both ways: a parameter more is not for the short one."""
        answer = driver.redeem(driver.code(), scope=scope)
        assert set(answer.body["scope"].split()) == {"openid", "nickname", "offline_access"}

    def test_refresh_token_of_a_narrow_code_buys_no_more_later(self, driver: Driver) -> None:
        narrow = driver.redeem(driver.code(scope="openid offline_access", scopes=["offline_access"]))
        driver.code(scope="openid nickname avatar offline_access", scopes=["nickname", "avatar", "offline_access"])
        renewed = driver.refresh(narrow.refresh)
        assert "avatar" not in renewed.body["scope"].split()
        assert "avatar" not in driver.userinfo(renewed.access).json()
        assert driver.refresh(renewed.refresh, scope="openid avatar").error == "invalid_scope"

    @pytest.mark.parametrize("scope", ["openid email", "email", "root", "nickname root"])
    def test_machine_gets_no_scope_that_is_not_registered(self, db: None, scope: str) -> None:
        client = resources.machine()
        assert client.token(grant_type="client_credentials", scope=scope).error == "invalid_scope"

    def test_machine_that_names_no_scope_gets_none_beyond_its_own(self, db: None) -> None:
        client = resources.machine(scopes={"nickname": False})
        answer = client.token(grant_type="client_credentials")
        assert set(answer.body.get("scope", "").split()) <= {"nickname"}

    @pytest.mark.parametrize("scope", ["openid email", "root"])
    def test_device_is_given_no_code_for_it(self, db: None, scope: str) -> None:
        client = Driver(make_device_application())
        answer = client.backchannel.post("/o/device_authorization/", {"scope": scope}, headers=client.basic())
        assert answer.status_code in {400, 401}

    def test_repeated_or_split_scope_adds_nothing(self, driver: Driver) -> None:
        driver.code()
        address = f"/o/authorize/?{encode(driver.request_parameters())}&scope=email"
        answer = driver.browser.get(address)
        assert answer.status_code == 400 or query(answer)["error"] == "invalid_request"
        answer = driver.browser.post("/o/authorize/?scope=email", driver.request_parameters())
        assert answer.status_code == 400 or query(answer)["error"] == "invalid_request"

    def test_claims_parameter_opens_no_scope(self, driver: Driver) -> None:
        asked = '{"userinfo": {"email": {"essential": true}, "phone_number": null}}'
        tokens = driver.redeem(driver.code(claims=asked))
        assert {"email", "phone_number"}.isdisjoint(driver.userinfo(tokens.access).json())

    def test_resource_server_of_one_scope_sees_no_other(self, driver: Driver, user: Any) -> None:
        wide = Driver(factories.make_application(), user)
        token = wide.tokens(scope="openid nickname avatar", scopes=["nickname", "avatar"]).access
        assert resources.api().introspect(token)["scope"] == "nickname"
