"""Authlib's client, written by others, completes the whole flow over real HTTP."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from provider_site.models import ResourceServer
from provider_site.services import profiles, resource_servers
from tests import factories
from tests.flows.web_person import Person

CALLBACK = "https://app.example.com/callback"
SCOPE = "openid nickname offline_access"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.fixture
def person(live_sites: Any) -> Iterator[Person]:
    """Yield a person with a nickname and a confirmed address, at a browser."""
    user = factories.make_user("ada")
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    profiles.set_nickname(user=user, nickname="阿达")
    person = Person("ada", factories.PASSWORD)
    yield person
    person.leave()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib_completes_code_pkce_refresh_userinfo_and_revocation(
    live_sites: Any, person: Person, monkeypatch: pytest.MonkeyPatch, request: Any, method: str
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    registered = factories.make_application(client_type="public" if method == "none" else "confidential")
    metadata = requests.get(f"{live_sites.provider}/.well-known/openid-configuration", timeout=20).json()
    client = OAuth2Session(
        registered.application.client_id,
        registered.client_secret,
        scope=SCOPE,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )
    request.addfinalizer(client.close)
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-1"
    )
    answer = person.authorize(address, allow=("nickname", "offline_access"))
    assert parse_qs(urlsplit(answer).query)["iss"] == [metadata["issuer"]]

    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=answer, state=state, code_verifier=VERIFIER
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=20).json())
    id_token = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        id_token.claims,
        id_token.header,
        options={"iss": {"essential": True, "value": metadata["issuer"]}},
        params={
            "nonce": "n-1",
            "client_id": registered.application.client_id,
            "access_token": token["access_token"],
        },
    )
    claims.validate()

    info = client.get(metadata["userinfo_endpoint"]).json()
    assert info == {"sub": claims["sub"], "nickname": "阿达"}

    old = token["access_token"]
    client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert client.token["access_token"] != old
    assert client.get(metadata["userinfo_endpoint"]).json() == info

    revoked = client.revoke_token(metadata["revocation_endpoint"], token=client.token["refresh_token"])
    assert revoked.status_code == 200
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401


def test_authlib_without_pkce_is_told_what_is_wrong(live_sites: Any, person: Person) -> None:
    registered = factories.make_application()
    client = OAuth2Session(registered.application.client_id, scope=SCOPE, redirect_uri=CALLBACK)
    address, _state = client.create_authorization_url(f"{live_sites.provider}/o/authorize/")
    answer = parse_qs(urlsplit(person.authorize(address, allow=())).query)
    assert answer["error"] == ["invalid_request"]
    assert "challenge" in answer["error_description"][0].lower()


def test_authlib_as_a_resource_server_introspects(
    live_sites: Any, person: Person, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    registered = factories.make_application()
    server = factories.make_application(authorization_grant_type="client-credentials", redirect_uris=[])
    resource_servers.save(row=ResourceServer(application=server.application, scope="nickname", refresh_tokens=True))
    metadata = requests.get(f"{live_sites.provider}/.well-known/oauth-authorization-server", timeout=20).json()
    client = OAuth2Session(
        registered.application.client_id,
        registered.client_secret,
        scope=SCOPE,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    request.addfinalizer(client.close)
    address, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=VERIFIER)
    answer = person.authorize(address, allow=("nickname", "offline_access"))
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=answer, state=state, code_verifier=VERIFIER
    )

    asking = OAuth2Session(server.application.client_id, server.client_secret)
    request.addfinalizer(asking.close)
    for kind in ("access_token", "refresh_token"):
        found = asking.introspect_token(metadata["introspection_endpoint"], token=token[kind], token_type_hint=kind)
        assert (found.json()["active"], found.json()["client_id"]) == (True, registered.application.client_id)
    client.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"])
    found = asking.introspect_token(metadata["introspection_endpoint"], token=token["access_token"])
    assert found.json() == {"active": False}

    service = asking.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert service["token_type"] == "Bearer"
