"""Learn by introspection what is none of one's business (RFC 7662 4, 5)."""

from typing import Any

import pytest

from provider_site.models import Registration, ResourceServer
from tests import factories
from tests.provider.driver import Driver
from tests.spec import resources
from tests.spec.resources import API, PHOTOS

INACTIVE = {"active": False}
SCOPE = "openid nickname avatar offline_access"
SCOPES = ("nickname", "avatar", "offline_access")


class TestCrossClientIntrospection:
    def test_client_without_permission_learns_of_its_own_tokens_alone(self, driver: Driver, attacker: Driver) -> None:
        tokens, own = driver.tokens(), attacker.tokens()
        assert attacker.introspect(tokens.access) == attacker.introspect(tokens.refresh) == INACTIVE
        assert attacker.introspect(own.access)["active"]
        assert attacker.introspect(own.refresh)["active"]

    def test_answer_about_anothers_token_is_that_about_none(self, driver: Driver, attacker: Driver) -> None:
        foreign, unknown = attacker.introspect(driver.tokens().access), attacker.introspect("osat_unknown")
        assert foreign == unknown == INACTIVE

    def test_resource_server_learns_of_its_scopes_alone(self, driver: Driver) -> None:
        token = driver.tokens(scope=SCOPE, scopes=SCOPES).access
        assert resources.api().introspect(token)["scope"] == "nickname"
        assert resources.photos().introspect(token)["scope"] == "avatar"
        assert Driver(factories.make_resource_server(scope="email")).introspect(token) == INACTIVE
        assert Driver(factories.make_resource_server(identifier="https://x.example")).introspect(token) == INACTIVE

    def test_scope_the_person_took_back_or_never_gave_is_none_to_share(self, driver: Driver) -> None:
        token = driver.tokens(scope=SCOPE, scopes=["nickname"]).access
        assert resources.photos().introspect(token) == INACTIVE

    def test_token_for_another_resource_is_not_told_though_they_share_a_scope(self, driver: Driver) -> None:
        api, photos = resources.api(scope="nickname avatar"), resources.photos(scope="nickname avatar")
        token = driver.tokens(scope=SCOPE, scopes=SCOPES, resource=API).access
        assert photos.introspect(token) == INACTIVE
        answer = api.introspect(token)
        assert (answer["scope"], answer["aud"]) == ("nickname avatar", API)

    def test_resource_server_learns_nothing_of_the_other_resources(self, driver: Driver) -> None:
        api, photos = resources.api(), resources.photos()
        code = driver.code(resource=[API, PHOTOS])
        token = driver.redeem(code).access
        assert (api.introspect(token)["aud"], photos.introspect(token)["aud"]) == (API, PHOTOS)
        assert sorted(driver.introspect(token)["aud"]) == [API, PHOTOS]

    def test_addressed_resource_server_without_scopes_of_its_own_learns_of_all(self, driver: Driver) -> None:
        api = resources.api(scope="")
        token = driver.tokens(resource=API).access
        assert api.introspect(token)["scope"] == "openid nickname offline_access"

    def test_refresh_tokens_are_told_only_by_permission(self, driver: Driver) -> None:
        tokens = driver.tokens()
        assert resources.api().introspect(tokens.refresh, token_type_hint="refresh_token") == INACTIVE
        watcher = Driver(factories.make_resource_server(scope="nickname", refresh_tokens=True))
        assert watcher.introspect(tokens.refresh)["scope"] == "nickname"

    @pytest.mark.parametrize("status", ["draft", "submitted", "rejected"])
    def test_resource_server_that_is_not_approved_learns_nothing(self, driver: Driver, status: str) -> None:
        token, api = driver.tokens().access, resources.api()
        Registration.objects.filter(application=api.application).update(status=status)
        assert api.introspect(token) == INACTIVE

    def test_permission_that_was_taken_away_is_gone_at_once(self, driver: Driver) -> None:
        token, api = driver.tokens().access, resources.api()
        assert api.introspect(token)["active"]
        ResourceServer.objects.all().delete()
        assert api.introspect(token) == INACTIVE

    def test_pairwise_subject_of_a_client_is_not_told_to_a_resource_server(self, driver: Driver) -> None:
        Registration.objects.filter(application=driver.application).update(subject_type="pairwise")
        tokens, api = driver.tokens(), resources.api()
        own = driver.id_token(tokens)["sub"]
        assert driver.introspect(tokens.access)["sub"] == own
        assert api.introspect(tokens.access)["sub"] != own

    def test_resource_server_knows_a_person_by_one_subject_whoever_shows_the_token(
        self, driver: Driver, user: Any
    ) -> None:
        Registration.objects.filter(application=driver.application).update(subject_type="pairwise")
        other, api = Driver(factories.make_application(), user), resources.api()
        Registration.objects.filter(application=api.application).update(subject_type="pairwise")
        told = [api.introspect(client.tokens().access)["sub"] for client in (driver, other)]
        assert told[0] == told[1]
        assert told[0] not in {driver.introspect(driver.tokens().access)["sub"], other.id_token(other.tokens())["sub"]}

    def test_nobody_learns_a_name_by_introspection(self, driver: Driver, user: Any) -> None:
        tokens, api = driver.tokens(), resources.api()
        for answer in (driver.introspect(tokens.access), api.introspect(tokens.access)):
            assert user.username not in str(answer)
            assert user.email not in str(answer)
