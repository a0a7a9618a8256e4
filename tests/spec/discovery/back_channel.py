"""What is published of the endpoints that applications ask themselves."""

from typing import Any

import jwt
import pytest
from django.core.exceptions import ValidationError

from tests import factories
from tests.provider.device import GRANT as DEVICE
from tests.provider.device import Device, make_device_application
from tests.provider.driver import Driver, Tokens
from tests.spec.discovery.world import METHODS, World, error_of, proves

UNKNOWN_GRANTS = {
    *("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "unheard-of"),
    *("urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba", "openid"),
    *("urn:ietf:params:oauth:grant-type:saml2-bearer", "urn:ietf:params:oauth:grant-type:uma-ticket"),
}


def learn(world: World, **facts: Any) -> Driver:
    """Register a resource server that may learn of tokens with the scope nickname."""
    return Driver(factories.make_resource_server(**({"scope": "nickname"} | facts)))


@proves("token_endpoint")
def token(world: World, value: Any) -> None:
    """RFC 6749 3.2."""
    form = {"grant_type": "client_credentials"}
    assert world.post("token_endpoint", world.service(), **form).json()["token_type"] == "Bearer"


@proves("grant_types_supported")
def grants(world: World, value: Any) -> None:
    """RFC 6749 5.2: each grant published buys a token at the published address, and no other is known there."""
    driver, service = world.application(), world.service()
    device = Device(make_device_application(), world.user)
    device.begin()
    device.decide()
    bought = driver.tokens()
    requests: dict[str, tuple[Driver, dict[str, Any]]] = {
        "authorization_code": (
            driver,
            {"code": driver.code(), "redirect_uri": driver.redirect_uri, "code_verifier": driver.pkce.verifier},
        ),
        "refresh_token": (driver, {"refresh_token": bought.refresh}),
        "client_credentials": (service, {}),
        DEVICE: (device, {"device_code": device.begun["device_code"]}),
    }
    assert set(value) == set(requests)
    for grant, (client, form) in requests.items():
        answer = world.post("token_endpoint", client, grant_type=grant, **form)
        assert answer.status_code == 200, (grant, answer.content)
        assert answer.json()["access_token"]
    for grant in UNKNOWN_GRANTS:
        assert error_of(world.post("token_endpoint", driver, grant_type=grant)) == "unsupported_grant_type"


@proves("userinfo_endpoint")
def userinfo(world: World, value: Any) -> None:
    """OpenID Core 5.3.1: GET and POST."""
    driver = world.application()
    headers = {"Authorization": f"Bearer {driver.tokens().access}"}
    for method in ("get", "post"):
        assert getattr(driver.backchannel, method)(world.path("userinfo_endpoint"), headers=headers).json()["sub"]
    assert driver.backchannel.get(world.path("userinfo_endpoint")).status_code == 401


@proves("device_authorization_endpoint")
def device_authorization(world: World, value: Any) -> None:
    """RFC 8628 3.1, 4."""
    device = Device(make_device_application(), world.user)
    begun = world.post("device_authorization_endpoint", device, scope="openid").json()
    assert device.browser.get(begun["verification_uri"].removeprefix(world.document["issuer"])).status_code == 200
    assert device.poll(begun["device_code"]).error == "authorization_pending"


@proves("revocation_endpoint")
def revocation(world: World, value: Any) -> None:
    """RFC 7009 2."""
    driver = world.application()
    tokens = driver.tokens()
    assert driver.works(tokens.access)
    assert world.post("revocation_endpoint", driver, token=tokens.access).status_code == 200
    assert not driver.works(tokens.access)


@proves("introspection_endpoint")
def introspection(world: World, value: Any) -> None:
    """RFC 7662 2."""
    tokens = world.application().tokens()
    found = world.post("introspection_endpoint", learn(world), token=tokens.access).json()
    assert (found["active"], found["iss"]) == (True, world.document["issuer"])


@proves("jwks_uri")
def keys(world: World, value: Any) -> None:
    """OpenID Core 10.1: the published keys verify what is signed, whatever the algorithm."""
    driver = world.application()
    published = driver.backchannel.get(world.path("jwks_uri")).json()["keys"]
    by_id = {key["kid"]: key for key in published}
    assert {key["alg"] for key in published} >= {"RS256"}
    header = jwt.get_unverified_header(driver.tokens().body["id_token"])
    assert by_id[header["kid"]]["alg"] == header["alg"]


@proves("id_token_signing_alg_values_supported")
def algorithms(world: World, value: Any) -> None:
    """OpenID Discovery 3: an application that chooses one gets it; RS256 has to be among them."""
    assert "RS256" in value
    for known in value:
        driver = world.application(id_token_alg=known)
        tokens = driver.tokens()
        assert jwt.get_unverified_header(tokens.body["id_token"])["alg"] == known
        assert driver.id_token(tokens)["sub"]
    for other in {"none", "HS256", "HS512", "RS384", "ES384", "ES256K"} - set(value):
        with pytest.raises(ValidationError):
            factories.make_application(id_token_alg=other)


@proves("subject_types_supported")
def subject_types(world: World, value: Any) -> None:
    """OpenID Core 8."""
    subjects = {}
    assert set(value) == {"public", "pairwise"}
    for known in value:
        places = [f"https://{known}-{number}.example.com/callback" for number in (1, 2)]
        drivers = [world.application(subject_type=known, redirect_uris=[place]) for place in places]
        for driver, place in zip(drivers, places, strict=True):
            driver.redirect_uri = place
        subjects[known] = {driver.id_token(driver.tokens())["sub"] for driver in drivers}
    assert (len(subjects["public"]), len(subjects["pairwise"])) == (1, 2)
    with pytest.raises(ValidationError):
        factories.make_application(subject_type="unheard-of")


@proves("token_endpoint_auth_methods_supported")
def token_methods(world: World, value: Any) -> None:
    """RFC 8414 2; a client without a secret is one that is registered as public."""
    assert METHODS.keys() >= set(value)
    for method, made in METHODS.items():
        client_type = "public" if method == "none" else "confidential"
        driver = world.application(client_type=client_type)
        code = driver.code()
        answer: Tokens = driver.redeem(code, **made(driver))
        _check(method, value, answer.status, answer.error)


@proves("revocation_endpoint_auth_methods_supported")
def revocation_methods(world: World, value: Any) -> None:
    assert METHODS.keys() >= set(value)
    for method, made in METHODS.items():
        client_type = "public" if method == "none" else "confidential"
        driver = world.application(client_type=client_type)
        token = driver.redeem(
            driver.code(), **METHODS["none" if client_type == "public" else "client_secret_basic"](driver)
        )
        answer = world.post("revocation_endpoint", driver, token=token.access, **made(driver))
        _check(method, value, answer.status_code, None if answer.status_code == 200 else answer.json()["error"])
        assert driver.works(token.access) == (method not in value)


@proves("introspection_endpoint_auth_methods_supported")
def introspection_methods(world: World, value: Any) -> None:
    """RFC 7662 2.1: who asks has proven who it is."""
    server, tokens = learn(world), world.application().tokens()
    assert METHODS.keys() >= set(value)
    for method, made in METHODS.items():
        answer = world.post("introspection_endpoint", server, token=tokens.access, **made(server))
        _check(method, value, answer.status_code, None if answer.status_code == 200 else answer.json()["error"])


def _check(method: str, published: list[str], status: int, error: str | None) -> None:
    expected = (200, None) if method in published else (401, "invalid_client")
    assert (status, error) == expected, method
