"""RFC 8414: authorization server metadata, against what the server does."""

from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from provider_site.policy.scopes import catalog
from tests import factories
from tests.provider.driver import ISSUER, ISSUER_HOST, Driver, query

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


@pytest.fixture
def anybody(db: None) -> Client:
    """Return a client without any cookie."""
    return Client(headers={"host": ISSUER_HOST})


def test_both_documents_are_one(anybody: Client) -> None:
    """3, and OpenID Discovery 4."""
    assert anybody.get(OAUTH).json() == anybody.get(OPENID).json()


def test_issuer_is_the_configured_one(anybody: Client) -> None:
    """3.3."""
    assert anybody.get(OAUTH).json()["issuer"] == ISSUER


def test_every_endpoint_is_ours_and_exists(anybody: Client) -> None:
    """2."""
    for name, address in anybody.get(OAUTH).json().items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert address.startswith(f"{ISSUER}/")
            assert resolve(address.removeprefix(ISSUER), urlconf="project.urls_provider")


@pytest.mark.parametrize(
    "address",
    [
        "/.well-known/oauth-authorization-server/tenant/one",
        "/tenant/one/.well-known/openid-configuration",
    ],
)
def test_issuer_with_a_path_is_found_by_both_forms(anybody: Client, settings: Any, address: str) -> None:
    """3.1, 5: before the path for OAuth, after it for OpenID Connect."""
    assert anybody.get(address).status_code == 404
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": f"{ISSUER}/tenant/one"}
    assert anybody.get(address).json()["issuer"] == f"{ISSUER}/tenant/one"
    assert anybody.get(address.replace("one", "two")).status_code == 404


@pytest.mark.parametrize("address", [OAUTH, OPENID, "/.well-known/jwks.json"])
def test_scripts_of_any_origin_may_read_it(anybody: Client, address: str) -> None:
    """3.2."""
    answer = anybody.get(address)
    assert answer["Content-Type"] == "application/json"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize("address", [OAUTH, OPENID, "/.well-known/jwks.json"])
def test_unchanged_document_is_not_sent_again(anybody: Client, address: str) -> None:
    """RFC 9110 13.1.2, 15.4.5."""
    first = anybody.get(address)
    again = anybody.get(address, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Access-Control-Allow-Origin"] == "*"
    assert again["Cache-Control"] == first["Cache-Control"]
    assert anybody.get(address, headers={"if-none-match": '"other"'}).status_code == 200


def test_changed_keys_have_another_etag(anybody: Client) -> None:
    from provider_site.services import key_life

    before = anybody.get("/.well-known/jwks.json")["ETag"]
    key_life.rotate(algorithms=["ES256"])
    assert anybody.get("/.well-known/jwks.json", headers={"if-none-match": before}).status_code == 200


def test_member_with_nothing_in_it_is_left_out(anybody: Client, settings: Any) -> None:
    """3.2: "Claims with zero elements MUST be omitted from the response"; OpenID Discovery 4.2."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ACR_VALUES": []}
    assert "acr_values_supported" not in anybody.get(OAUTH).json()


# --- The document tells the truth ---------------------------------------------------------------------------------


@pytest.fixture
def document(anybody: Client) -> dict[str, Any]:
    """Return the metadata."""
    metadata: dict[str, Any] = anybody.get(OAUTH).json()
    return metadata


@pytest.mark.parametrize(
    "grant_type",
    ["authorization_code", "refresh_token", "client_credentials", "password", "implicit", "urn:x:device", "openid"],
)
def test_grant_types_listed_are_those_known(document: dict[str, Any], driver: Driver, grant_type: str) -> None:
    """2."""
    known = driver.token(grant_type=grant_type).error != "unsupported_grant_type"
    assert known == (grant_type in document["grant_types_supported"])


@pytest.mark.parametrize(
    "response_type", ["code", "token", "id_token", "code id_token", "code token", "id_token token", "none"]
)
def test_response_types_listed_are_those_known(document: dict[str, Any], driver: Driver, response_type: str) -> None:
    """2."""
    answer = driver.authorize(response_type=response_type)
    known = answer["Location"].startswith("/o/consent/")
    assert known == (response_type in document["response_types_supported"])


@pytest.mark.parametrize("response_mode", ["query", "fragment", "form_post", "query.jwt"])
def test_response_modes_listed_are_those_known(document: dict[str, Any], driver: Driver, response_mode: str) -> None:
    """2."""
    known = driver.authorize(response_mode=response_mode)["Location"].startswith("/o/consent/")
    assert known == (response_mode in document["response_modes_supported"])


@pytest.mark.parametrize("prompt", ["none", "login", "consent", "select_account", "create", "nonsense"])
def test_prompts_listed_are_those_known(document: dict[str, Any], driver: Driver, prompt: str) -> None:
    """Initiating User Registration 3 (prompt_values_supported)."""
    answer = driver.authorize(prompt=prompt)
    known = answer["Location"].startswith("/") or query(answer)["error"] == "consent_required"
    assert known == (prompt in document["prompt_values_supported"])


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_challenge_methods_listed_are_those_known(document: dict[str, Any], driver: Driver, method: str) -> None:
    """2."""
    known = driver.authorize(code_challenge_method=method)["Location"].startswith("/o/consent/")
    assert known == (method in document["code_challenge_methods_supported"])


def test_authentication_methods_listed_work(document: dict[str, Any], driver: Driver, user: Any) -> None:
    """2."""
    assert set(document["token_endpoint_auth_methods_supported"]) == {
        "client_secret_basic",
        "client_secret_post",
        "none",
    }
    identity = {"client_id": driver.application.client_id, "client_secret": driver.secret}
    assert driver.redeem(driver.code()).status == 200
    assert driver.redeem(driver.code(), headers={}, **identity).status == 200
    public = Driver(factories.make_application(client_type="public"), user)
    assert public.redeem(public.code(), headers={}, client_id=public.application.client_id).status == 200


def test_scopes_and_claims_listed_are_all_to_be_had(document: dict[str, Any], driver: Driver, user: Any) -> None:
    """2, OpenID Discovery 3."""
    from provider_site.services import profile_details, profiles

    assert document["scopes_supported"] == list(catalog())
    everything = Driver(factories.make_application(scopes=dict.fromkeys(catalog(), True)), user)
    user.first_name, user.last_name = "Ada", "Lovelace"
    user.save()
    profiles.set_nickname(user=user, nickname="ada")
    known = {"birthdate": "1985-12-10", "gender": "female", "locale": "en", "zoneinfo": "UTC", "middle_name": "King"}
    known |= {"phone_number": "+442079460018", "address_country": "GB", "website": "https://ada.example"}
    profile_details.set_details(user=user, details=known | {"profile_url": "https://social.example/ada"})
    tokens = everything.redeem(everything.code(scope=" ".join(document["scopes_supported"]), scopes=[]))
    assert set(tokens.body["scope"].split()) == set(document["scopes_supported"])
    claims = everything.userinfo(tokens.access).json()
    assert claims.keys() <= set(document["claims_supported"])
    lacking = set(document["claims_supported"]) - claims.keys() - everything.id_token(tokens).keys()
    assert lacking <= {"picture", "acr", "amr"}, "only what this person lacks"
