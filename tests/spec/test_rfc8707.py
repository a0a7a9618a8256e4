"""RFC 8707: resource indicators."""

from typing import Any

import pytest
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.models import Registration, ResourceServer
from tests.provider.driver import ISSUER, Driver, query
from tests.spec import resources
from tests.spec.resources import API, PHOTOS

MALFORMED = [
    "api.example.com",
    "/v1",
    "https://",
    "https://api.example.com/v1#part",
    "https://api.example.com/v1#",
    "https://user@api.example.com/v1",
    "https://api.example.com:port",
    "https://api.example.com/ v1",
    "https://api.example.com/\x00",
    "urn:api",
    "https://api.example.com/" + "x" * 300,
]
UNKNOWN = ["https://other.example.com", API + "/", API.upper(), "https://api.example.com"]


@pytest.fixture
def known(db: None) -> tuple[Driver, Driver]:
    """Return the two resource servers there are."""
    return resources.api(), resources.photos()


def many(driver: Driver, grant: dict[str, str], *names: str) -> Any:
    """Post to the token endpoint with the resource parameter repeated."""
    from urllib.parse import urlencode

    body = urlencode([*grant.items(), *(("resource", name) for name in names)])
    form = {"content_type": "application/x-www-form-urlencoded", "headers": driver.basic()}
    return driver.backchannel.post("/o/token/", body, **form)


def exchange(driver: Driver, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": driver.redirect_uri,
        "code_verifier": driver.pkce.verifier,
    }


def audience() -> list[str]:
    """Return what the newest access token is for."""
    names: list[str] = get_access_token_model().objects.latest("pk").resource
    return names


# --- The parameter (2) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", [*MALFORMED, *UNKNOWN])
def test_malformed_or_unknown_resource_is_an_invalid_target_at_authorize(
    driver: Driver, known: object, resource: str
) -> None:
    """2, 2.1."""
    if "\x00" in resource:
        assert query(driver.authorize(resource=resource))["error"] in {"invalid_target", "invalid_request"}
        return
    answer = query(driver.authorize(resource=resource))
    assert (answer["error"], answer["state"]) == ("invalid_target", "state-1")


@pytest.mark.parametrize("resource", [name for name in [*MALFORMED, *UNKNOWN] if "\x00" not in name])
def test_malformed_or_unknown_resource_is_an_invalid_target_at_the_token_endpoint(
    driver: Driver, known: object, resource: str
) -> None:
    """2, 2.2: and uses nothing up."""
    code = driver.code()
    answer = driver.redeem(code, resource=resource)
    assert (answer.status, answer.error) == (400, "invalid_target")
    assert resource not in answer.body["error_description"]
    assert driver.redeem(code).status == 200


def test_one_unknown_resource_among_known_ones_is_an_invalid_target(driver: Driver, known: object) -> None:
    """2."""
    assert query(driver.authorize(resource=[API, UNKNOWN[0]]))["error"] == "invalid_target"


def test_parameter_may_be_repeated(driver: Driver, known: object) -> None:
    """2: several resources; each counts once, and an empty value not at all."""
    driver.redeem(driver.code(resource=[API, PHOTOS, API, ""]))
    assert audience() == [API, PHOTOS]


def test_resource_outlasts_the_consent_page_and_the_sign_in(driver: Driver, known: object) -> None:
    """2.1: what was asked for is what the code is for."""
    driver.redeem(driver.code(resource=API))
    assert audience() == [API]


# --- The access token request (2.2) -------------------------------------------------------------------------------


def test_token_request_without_a_resource_is_for_all_that_was_authorized(driver: Driver, known: object) -> None:
    """2.2."""
    tokens = driver.redeem(driver.code(resource=[API, PHOTOS]))
    driver.refresh(tokens.refresh)
    assert audience() == [API, PHOTOS]


def test_token_request_may_narrow_and_the_refresh_token_keeps_all(driver: Driver, known: object) -> None:
    """2.2: the refresh token is bound to the full original grant."""
    tokens = driver.redeem(driver.code(resource=[API, PHOTOS]), resource=API)
    assert audience() == [API]
    assert get_refresh_token_model().objects.get().resource == [API, PHOTOS]
    tokens = driver.refresh(tokens.refresh, resource=PHOTOS)
    assert audience() == [PHOTOS]
    assert (
        many(driver, {"grant_type": "refresh_token", "refresh_token": tokens.refresh}, API, PHOTOS).status_code == 200
    )
    assert audience() == [API, PHOTOS]


def test_token_request_may_not_widen(driver: Driver, known: object) -> None:
    """2.2: also not to a resource that is known, nor to this site."""
    code = driver.code(resource=API)
    for name in (PHOTOS, ISSUER):
        assert driver.redeem(code, resource=name).error == "invalid_target"
        assert many(driver, exchange(driver, code), API, name).json()["error"] == "invalid_target"
    tokens = driver.redeem(code)
    for name in (PHOTOS, ISSUER):
        assert driver.refresh(tokens.refresh, resource=name).error == "invalid_target"
    assert driver.refresh(tokens.refresh).status == 200, "a refused request uses nothing up"


def test_authorization_that_named_no_resource_may_be_narrowed_to_one(driver: Driver, known: object) -> None:
    """2.2: it is for each resource its scopes open."""
    tokens = driver.redeem(driver.code(), resource=API)
    assert audience() == [API]
    driver.refresh(tokens.refresh)
    assert audience() == []


def test_machine_names_the_resource_of_its_token(db: None, known: object) -> None:
    """2.2."""
    machine = resources.machine(scopes={"nickname": False})
    form = {"grant_type": "client_credentials", "scope": "nickname"}
    assert machine.token(**form, resource=API).status == 200
    assert audience() == [API]
    assert machine.token(**form, resource=UNKNOWN[0]).error == "invalid_target"


def test_resource_that_is_gone_is_an_invalid_target(driver: Driver, known: object) -> None:
    """2."""
    ResourceServer.objects.filter(identifier=API).delete()
    assert query(driver.authorize(resource=API))["error"] == "invalid_target"


# --- What it is good for (3) --------------------------------------------------------------------------------------


def test_token_for_another_resource_opens_no_userinfo(driver: Driver, known: object) -> None:
    """3: a token is of no use anywhere else."""
    tokens = driver.redeem(driver.code(resource=API))
    answer = driver.userinfo(tokens.access)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_this_site_is_a_resource_under_the_name_of_its_issuer(driver: Driver, known: object) -> None:
    """2."""
    tokens = driver.redeem(driver.code(resource=[API, ISSUER]))
    assert driver.works(tokens.access)
    assert not driver.works(driver.refresh(tokens.refresh, resource=API).access)


def test_resource_servers_are_told_of_tokens_for_them_alone(driver: Driver, known: tuple[Driver, Driver]) -> None:
    """3."""
    api, photos = known
    token = driver.redeem(driver.code(resource=API)).access
    assert api.introspect(token)["aud"] == API
    assert photos.introspect(token) == {"active": False}


@pytest.mark.parametrize("ended", ["suspended", "removed"])
def test_resource_that_was_closed_gets_no_more_tokens(driver: Driver, known: tuple[Driver, Driver], ended: str) -> None:
    """2.2: a JWT would be read there without this site being asked."""
    tokens = resources.use_jwts(driver).tokens(resource=API)
    server = ResourceServer.objects.get(identifier=API)
    if ended == "suspended":
        Registration.objects.filter(application=server.application).update(status=Registration.Status.SUSPENDED)
    else:
        server.delete()
    assert driver.refresh(tokens.refresh).error == "invalid_target"
    assert query(driver.authorize(resource=API))["error"] == "invalid_target"
    again = driver.redeem(driver.code(), resource=PHOTOS)
    assert driver.refresh(again.refresh, resource=API).error == "invalid_target"
    assert driver.refresh(again.refresh, resource=PHOTOS).status == 200
