"""Use what one application got to be somebody at another one (RFC 9700 4.10, 4.15; OpenID Core 16.8, 16.11)."""

from typing import Any

import jwt
import pytest

from provider_site.models import Registration
from tests import factories
from tests.provider.developer import pages
from tests.provider.developer.browsers import signed_in
from tests.provider.driver import Driver, query, verified
from tests.spec import resources


class TestCrossAppTakeover:
    def test_id_token_names_its_application_and_no_other(self, driver: Driver, attacker: Driver, user: Any) -> None:
        """The implicit flow's old attack: an evil application shows the token of its visitor at a good one."""
        token = driver.tokens().body["id_token"]
        assert verified(driver.backchannel, token, audience=driver.application.client_id)["aud"] == (
            driver.application.client_id
        )
        with pytest.raises(jwt.InvalidAudienceError):
            verified(driver.backchannel, token, audience=attacker.application.client_id)

    def test_id_token_of_one_application_is_no_hint_of_another(self, driver: Driver, user: Any) -> None:
        other = Driver(factories.make_application(), user)
        other.code()
        hint = driver.tokens().body["id_token"]
        assert query(other.authorize(prompt="none", id_token_hint=hint))["error"] == "invalid_request"

    def test_introspection_says_whose_token_it_is(self, driver: Driver, attacker: Driver) -> None:
        """A resource server can refuse what was issued to another client than shows it."""
        api = resources.api()
        for client in (driver, attacker):
            assert api.introspect(client.tokens().access)["client_id"] == client.application.client_id

    def test_token_for_one_resource_is_none_for_another(self, driver: Driver) -> None:
        api, photos = resources.api(), resources.photos()
        token = driver.tokens(resource=resources.API).access
        assert api.introspect(token)["active"]
        assert photos.introspect(token) == {"active": False}
        assert not driver.works(token), "nor for the provider itself"

    def test_nothing_of_one_application_is_renewed_or_revoked_by_another(self, driver: Driver, user: Any) -> None:
        """Of the same person, who allowed both."""
        other, tokens = Driver(factories.make_application(), user), driver.tokens()
        other.tokens()
        assert other.refresh(tokens.refresh).error == "invalid_grant"
        other.revoke(tokens.refresh)
        other.revoke(tokens.access)
        assert driver.works(tokens.access)
        assert driver.refresh(tokens.refresh).status == 200

    def test_pairwise_subject_of_one_is_nobody_at_another(self, driver: Driver, user: Any) -> None:
        other = Driver(factories.make_application(), user)
        for client in (driver, other):
            Registration.objects.filter(application=client.application).update(subject_type="pairwise")
        subjects = {client.id_token(client.tokens())["sub"] for client in (driver, other)}
        assert len(subjects) == 2


class TestClientAsPerson:
    """RFC 9700 4.15: a client whose identifier is somebody's subject would be that person to a resource server."""

    def machine_named(self, name: str) -> Driver:
        client = resources.machine()
        type(client.application).objects.filter(pk=client.application.pk).update(client_id=name)
        client.application.refresh_from_db()
        return client

    def test_machines_token_is_of_no_person(self, driver: Driver) -> None:
        client = resources.machine()
        answer = client.token(grant_type="client_credentials", scope="nickname")
        told = client.introspect(answer.access)
        assert told["sub"] == client.application.client_id
        assert told["client_id"] == client.application.client_id
        assert not driver.works(answer.access)

    def test_client_does_not_choose_its_identifier(self, driver: Driver, user: Any, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
        subject = driver.id_token(driver.tokens())["sub"]
        assert pages.register(signed_in(user), client_id=subject, name="Evil").status_code == 201
        assert not Registration.objects.filter(application__client_id=subject).exists()

    @pytest.mark.parametrize("jwts", [False, True])
    def test_identifier_that_is_somebodys_subject_is_marked_as_a_clients(self, driver: Driver, jwts: bool) -> None:
        """As stock django-oauth-toolkit lets staff choose it (RFC 9068 5)."""
        subject = driver.id_token(driver.tokens())["sub"]
        client = self.machine_named(subject)
        if jwts:
            resources.use_jwts(client)
        token = client.token(grant_type="client_credentials", scope="nickname").access
        assert client.introspect(token)["sub"] == f"client:{subject}"
        if jwts:
            assert jwt.decode(token, options={"verify_signature": False})["sub"] == f"client:{subject}"
