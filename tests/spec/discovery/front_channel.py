"""What is published of the authorization endpoint, and of what people and clients find there."""

import json
import re
from typing import Any

from provider_site.models import Profile
from provider_site.services import profiles
from tests import factories
from tests.provider.driver import ISSUER, REDIRECT, query
from tests.spec.discovery.world import World, is_asked, proves, refused


@proves("issuer", "authorization_response_iss_parameter_supported")
def issuer(world: World, value: Any) -> None:
    """RFC 9207 2: the published issuer is in every answer; OpenID Core 2: and in every ID token."""
    assert world.document["issuer"] == ISSUER
    assert world.document["authorization_response_iss_parameter_supported"] is True
    driver = world.application()
    assert query(driver.authorize(prompt="none"))["iss"] == ISSUER
    assert query(driver.authorize(response_type="token"))["iss"] == ISSUER
    answer = query(driver.consent(driver.authorize(), scopes=["nickname"]))
    assert answer["iss"] == ISSUER
    assert driver.id_token(driver.redeem(answer["code"]))["iss"] == ISSUER


@proves("authorization_endpoint")
def authorization_endpoint(world: World, value: Any) -> None:
    driver = world.application()
    assert is_asked(driver.browser.get(world.path("authorization_endpoint"), driver.request_parameters()))
    posted = driver.browser.post(world.path("authorization_endpoint"), driver.request_parameters())
    assert is_asked(driver.browser.get(posted["Location"]))


@proves("response_types_supported")
def response_types(world: World, value: Any) -> None:
    driver = world.application()
    for known in value:
        assert is_asked(driver.authorize(response_type=known))
    others = {"token", "id_token", "code id_token", "code token", "id_token token", "code id_token token", "none"}
    for other in others - set(value):
        assert refused(driver, response_type=other) == "unsupported_response_type"


@proves("response_modes_supported")
def response_modes(world: World, value: Any) -> None:
    driver = world.application()
    assert set(value) == {"query", "form_post"}
    told = query(driver.consent(driver.authorize(response_mode="query"), scopes=["nickname"]))
    assert told["code"]
    page = driver.authorize(response_mode="form_post")
    assert (page.status_code, f'action="{REDIRECT}"' in page.content.decode()) == (200, True)
    assert re.search(r'name="code"\s+value="[^"]+"', page.content.decode())
    for other in ("fragment", "jwt", "query.jwt", "form_post.jwt", "web_message", "none"):
        assert refused(driver, response_mode=other) == "invalid_request"


@proves("code_challenge_methods_supported")
def code_challenge_methods(world: World, value: Any) -> None:
    driver = world.application()
    for known in value:
        assert driver.tokens(code_challenge_method=known).status == 200
    for other in {"plain", "S512", "s256"} - set(value):
        assert refused(driver, code_challenge_method=other) == "invalid_request"
    assert refused(driver, code_challenge=None, code_challenge_method=None) == "invalid_request"


@proves("prompt_values_supported")
def prompts(world: World, value: Any) -> None:
    """OpenID Core 3.1.2.1; Initiating User Registration 4.2."""
    driver = world.application()
    driver.code()
    effects = {
        "none": lambda: "code" in query(driver.authorize(prompt="none")),
        "login": lambda: driver.authorize(prompt="login")["Location"].startswith("/accounts/"),
        "consent": lambda: is_asked(driver.authorize(prompt="consent")),
        "select_account": lambda: is_asked(driver.authorize(prompt="select_account")),
        "create": lambda: is_asked(driver.authorize(prompt="create")),
    }
    assert "code" in query(driver.authorize()), "none of these would happen by itself"
    for known in value:
        assert effects[known](), known
    driver.browser = world.nobody()
    assert refused(driver, prompt="none") == "login_required"
    assert "/signup/" in driver.authorize(prompt="create")["Location"]
    for other in ("unheard-of", "NONE", "login unheard-of", "none login"):
        assert refused(driver, prompt=other) == "invalid_request"


@proves("scopes_supported")
def scopes(world: World, value: Any) -> None:
    driver = world.application(scopes=dict.fromkeys(value, False) | {"openid": True})
    tokens = driver.tokens(scope=" ".join(value), scopes=set(value) - {"openid"})
    assert set(tokens.body["scope"].split()) == set(value)
    for scope in set(value) - {"openid"}:
        bought = driver.tokens(scope=f"openid {scope}", scopes=[scope])
        assert set(bought.body["scope"].split()) == {"openid", scope}
    assert refused(driver, scope="openid unheard-of") == "invalid_scope"


PROFILE = {
    "middle_name": "Byron",
    "profile_url": "https://ada.example/about",
    "website": "https://ada.example/",
    "gender": "female",
    "birthdate": "1985-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+442079460018",
    "address_street": "12 St James's Square",
    "address_country": "United Kingdom",
}


def known_in_full(user: Any) -> None:
    """Fill in everything that somebody may tell of themselves."""
    user.first_name, user.last_name = "Ada", "Lovelace"
    user.save()
    profiles.set_nickname(user=user, nickname="ada")
    profiles.set_avatar(user=user, upload=factories.make_picture())
    Profile.objects.filter(user=user).update(**PROFILE)


@proves("claims_supported")
def claims(world: World, value: Any) -> None:
    """Each one is told of somebody who has it, and nothing is told that is not published."""
    scopes = dict.fromkeys(world.document["scopes_supported"], False) | {"openid": True}
    driver = world.application(scopes=scopes)
    ticked = [name for name in scopes if name != "openid"]
    known_in_full(world.user)
    session = driver.browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": 1.0}]
    session.save()
    tokens = driver.tokens(scope=" ".join(scopes), scopes=ticked)
    told = driver.userinfo(tokens.access).json()
    wanted = {name: None for name in value if name not in {"sub", "address"}}
    in_token = driver.consent(
        driver.authorize(claims=json.dumps({"id_token": wanted}), scope=" ".join(scopes), prompt="consent"),
        scopes=ticked,
    )
    found = driver.id_token(driver.redeem(query(in_token)["code"]))
    assert wanted.keys() <= found.keys()
    assert found.keys() - set(value) == {"nonce", "at_hash"}, "what is of this answer alone"
    assert set(value) == {*told, *found.keys() - {"nonce", "at_hash"}}


@proves("claims_parameter_supported")
def claims_parameter(world: World, value: Any) -> None:
    """OpenID Core 5.5."""
    assert value is True
    driver = world.application(scopes={"openid": True, "nickname": False, "email": False})
    asked = driver.authorize(scope="openid", claims='{"userinfo":{"email":null},"id_token":{"auth_time":null}}')
    page = driver.browser.get(asked["Location"]).content.decode()
    assert 'value="claim:email"' in page
    assert 'value="email"' not in page
    code = query(driver.consent(asked, scopes=["claim:email"]))["code"]
    tokens = driver.redeem(code)
    assert driver.id_token(tokens)["auth_time"]
    assert driver.userinfo(tokens.access).json().keys() == {"sub", "email"}
    assert refused(driver, scope="openid", claims="{") == "invalid_request"


@proves("request_parameter_supported", "request_uri_parameter_supported")
def request_objects(world: World, value: Any) -> None:
    """OpenID Core 6, 3.1.2.6: what is not supported is refused by its name, never ignored."""
    assert value is False
    driver = world.application()
    assert refused(driver, request="e30.e30.") == "request_not_supported"
    assert refused(driver, request_uri="https://app.example.com/r") == "request_uri_not_supported"
    assert refused(driver, registration="{}") == "registration_not_supported"
    assert "registration_endpoint" not in world.document
    assert "pushed_authorization_request_endpoint" not in world.document


@proves("ui_locales_supported")
def ui_locales(world: World, value: Any) -> None:
    """OpenID Core 3.1.2.1: the page speaks the language asked for."""
    driver = world.application()
    for known in value:
        page = driver.browser.get(driver.authorize(ui_locales=f"xx {known}")["Location"])
        assert re.search(rf'<html[^>]* lang="{known}"', page.content.decode(), re.IGNORECASE), known
    other = driver.browser.get(driver.authorize(ui_locales="xx-unheard-of")["Location"])
    assert other.status_code == 200


@proves("acr_values_supported")
def acr_values(world: World, value: Any) -> None:
    """OpenID Core 5.5.1.1: each context is reached and told, and no other."""
    records = {
        "https://refeds.org/profile/sfa": [{"method": "password"}],
        "https://refeds.org/profile/mfa": [{"method": "password"}, {"method": "mfa", "type": "totp"}],
        "phr": [{"method": "mfa", "type": "webauthn", "passwordless": True}],
    }
    for known in value:
        driver = world.application()
        session = driver.browser.session
        session["account_authentication_methods"] = [record | {"at": 1.0} for record in records[known]]
        session.save()
        tokens = driver.tokens(acr_values=known)
        assert driver.id_token(tokens)["acr"] == known
    essential = json.dumps({"id_token": {"acr": {"essential": True, "value": "unheard-of"}}})
    assert refused(world.application(), claims=essential) == "unmet_authentication_requirements"
