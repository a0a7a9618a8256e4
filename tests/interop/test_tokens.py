"""openid-client and oauth4webapi as services, resource servers and devices over real HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from provider_site.models import ResourceServer
from provider_site.services import resource_servers
from tests import factories
from tests.flows.web_person import Person
from tests.interop.relying_party import ClientRefused, RelyingParty
from tests.interop.test_sign_in import CALLBACK, sign_in

Start = Callable[..., RelyingParty]
API = "https://api.example.com/"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def resource_server(live_sites: Any) -> Any:
    """Return an application that serves a resource and may learn of tokens with the scope nickname."""
    registered = factories.make_application(authorization_grant_type="client-credentials", redirect_uris=[])
    row = ResourceServer(application=registered.application, identifier=API, scope="nickname", refresh_tokens=True)
    resource_servers.save(row=row)
    return registered


def test_service_gets_a_token_of_its_own(start: Start) -> None:
    """RFC 6749 4.4; found by RFC 8414 alone."""
    registered = factories.make_application(authorization_grant_type="client-credentials", redirect_uris=[])
    client = start(registered, oauth=True)
    tokens = client.ask("credentials")
    assert (tokens["token_type"], tokens["expires_in"] > 0) == ("bearer", True)
    with pytest.raises(ClientRefused) as refused:
        client.ask("credentials", scope="openid unheard-of")
    assert refused.value.error == "invalid_scope"


def test_resource_server_learns_of_tokens_that_are_its_business(
    start: Start, person: Person, resource_server: Any
) -> None:
    """RFC 7662 2.2."""
    registered = factories.make_application()
    client, server = start(registered), start(resource_server)
    tokens = sign_in(client, person)
    found = server.ask("introspect", token=tokens["access_token"])
    assert (found["active"], found["client_id"]) == (True, registered.application.client_id)
    assert found["sub"] == tokens["claims"]["sub"]
    assert "nickname" in found["scope"].split()
    assert server.ask("introspect", token=tokens["refresh_token"], hint="refresh_token")["active"]
    client.ask("revoke", token=tokens["refresh_token"])
    assert server.ask("introspect", token=tokens["access_token"]) == {"active": False}


def test_device_signs_in_on_another_screen(start: Start, person: Person, live_sites: Any) -> None:
    """RFC 8628."""
    registered = factories.make_application(authorization_grant_type=DEVICE, client_type="public", redirect_uris=[])
    client = start(registered, method="none")
    device = client.ask("device", scope="openid nickname")
    assert device["verification_uri"].startswith(live_sites.provider)
    person.allow_device(device["verification_uri_complete"], allow=("nickname",))
    tokens = client.ask("poll")
    assert tokens["claims"]["sub"]
    assert tokens["access_token"]


@pytest.mark.parametrize("library", ["oauth4webapi"])
def test_resource_believes_a_jwt_for_itself_alone(
    start: Start, person: Person, resource_server: Any, library: str
) -> None:
    """RFC 9068 4, RFC 8707 2."""
    client = start(factories.make_application(access_token_format="jwt"))
    tokens = sign_in(client, person, resource=API)
    claims = client.ask("accept", token=tokens["access_token"], audience=API)
    assert (claims["sub"], claims["aud"]) == (tokens["claims"]["sub"], API)
    for token, audience in ((tokens["access_token"], "https://other.example.com/"), (tokens["id_token"], API)):
        with pytest.raises(ClientRefused):
            client.ask("accept", token=token, audience=audience)


@pytest.mark.parametrize("library", ["openid-client"])
def test_person_signs_out_at_the_address_the_client_makes(start: Start, person: Person, library: str) -> None:
    """OpenID RP-Initiated Logout 2, 3."""
    done = "https://app.example.com/signed-out"
    client = start(factories.make_application(post_logout_redirect_uris=[done]))
    tokens = sign_in(client, person)
    address = client.ask("logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=done, state="back again")
    assert person.sign_out_at(address) == f"{done}?state=back+again"
    silent = client.ask("authorize", scope="openid", redirect_uri=CALLBACK, prompt="none")
    with pytest.raises(ClientRefused) as refused:
        client.ask("redeem", url=person.authorize(silent, allow=()))
    assert refused.value.error == "login_required"
