"""requests-oauthlib's client, written by others, completes the whole flow over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, DeviceClient, InvalidGrantError
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error
from requests_oauthlib import OAuth2Session

from provider_site.models import DeviceAuthorization
from provider_site.services import profiles
from tests import factories
from tests.flows.web_person import Person

CALLBACK = "https://app.example.com/callback"
SCOPE = ["openid", "nickname", "offline_access"]
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def person(live_sites: Any) -> Iterator[Person]:
    """Yield a person with a nickname and a confirmed address, at a browser."""
    user = factories.make_user("ada")
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    profiles.set_nickname(user=user, nickname="阿达")
    person = Person("ada", factories.PASSWORD)
    yield person
    person.leave()


def test_requests_oauthlib_completes_code_pkce_refresh_and_userinfo(
    live_sites: Any, person: Person, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    registered = factories.make_application()
    metadata = requests.get(f"{live_sites.provider}/.well-known/oauth-authorization-server", timeout=20).json()
    identity = (registered.application.client_id, registered.client_secret)
    client = OAuth2Session(identity[0], scope=SCOPE, redirect_uri=CALLBACK, pkce="S256")
    request.addfinalizer(client.close)
    address, _state = client.authorization_url(metadata["authorization_endpoint"], nonce="n-1")
    answer = person.authorize(address, allow=("nickname", "offline_access"))

    token = client.fetch_token(metadata["token_endpoint"], authorization_response=answer, auth=identity)
    assert set(token.scopes) == set(SCOPE)
    assert token["id_token"].count(".") == 2
    assert client.get(metadata["userinfo_endpoint"]).json()["nickname"] == "阿达"

    renewed = client.refresh_token(metadata["token_endpoint"], auth=identity)
    assert renewed["refresh_token"] != token["refresh_token"]
    assert client.get(metadata["userinfo_endpoint"]).json()["nickname"] == "阿达"

    with pytest.raises(InvalidGrantError):
        client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"], auth=identity)
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401


def test_requests_oauthlib_as_a_public_client_names_itself(
    live_sites: Any, person: Person, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    registered = factories.make_application(client_type="public")
    client = OAuth2Session(registered.application.client_id, scope=SCOPE, redirect_uri=CALLBACK, pkce="S256")
    request.addfinalizer(client.close)
    address, _state = client.authorization_url(f"{live_sites.provider}/o/authorize/")
    answer = person.authorize(address, allow=("nickname", "offline_access"))
    client.fetch_token(f"{live_sites.provider}/o/token/", authorization_response=answer, include_client_id=True)
    assert client.get(f"{live_sites.provider}/o/userinfo/").json()["nickname"] == "阿达"
    client.refresh_token(f"{live_sites.provider}/o/token/", client_id=registered.application.client_id)
    assert client.get(f"{live_sites.provider}/o/userinfo/").status_code == 200


def test_requests_oauthlib_on_a_device_waits_and_is_signed_in(
    live_sites: Any, person: Person, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    registered = factories.make_application(authorization_grant_type=DEVICE, client_type="public", redirect_uris=[])
    client_id = registered.application.client_id
    metadata = requests.get(f"{live_sites.provider}/.well-known/oauth-authorization-server", timeout=20).json()
    asked = {"client_id": client_id, "scope": "openid nickname"}
    device = requests.post(metadata["device_authorization_endpoint"], data=asked, timeout=20).json()
    client = OAuth2Session(client=DeviceClient(client_id))
    request.addfinalizer(client.close)
    how = {"device_code": device["device_code"], "include_client_id": True}
    with pytest.raises(CustomOAuth2Error) as waiting:
        client.fetch_token(metadata["token_endpoint"], **how)
    assert waiting.value.error == "authorization_pending"
    person.allow_device(device["verification_uri_complete"], allow=("nickname",))
    DeviceAuthorization.objects.update(last_polled_at=None)  # the interval is over
    client.fetch_token(metadata["token_endpoint"], **how)
    assert client.get(metadata["userinfo_endpoint"]).json()["nickname"] == "阿达"


def test_requests_oauthlib_as_a_service_has_a_token_of_its_own(
    live_sites: Any, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    registered = factories.make_application(authorization_grant_type="client-credentials", redirect_uris=[])
    identity = (registered.application.client_id, registered.client_secret)
    client = OAuth2Session(client=BackendApplicationClient(identity[0]))
    request.addfinalizer(client.close)
    assert client.fetch_token(f"{live_sites.provider}/o/token/", auth=identity)["token_type"] == "Bearer"
    assert client.get(f"{live_sites.provider}/o/userinfo/").status_code == 401
