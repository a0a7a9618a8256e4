"""RFC 9068: JWT access tokens, as resource servers with other libraries read them."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from authlib.oauth2.rfc6749 import scope_to_list
from authlib.oauth2.rfc6750.errors import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from django.utils import timezone
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from oauth2_provider.models import get_access_token_model

from provider_site.models import Consent, Profile, Registration
from provider_site.services import keys
from tests import factories
from tests.provider.driver import ISSUER, Driver
from tests.spec import resources
from tests.spec.resources import API, PHOTOS

INACTIVE = {"active": False}


@pytest.fixture
def driver(driver: Driver) -> Driver:
    """Return the usual client; its access tokens are JWTs."""
    return resources.use_jwts(driver)


def published(driver: Driver) -> dict[str, Any]:
    document: dict[str, Any] = driver.backchannel.get("/.well-known/jwks.json").json()
    return document


def claims_of(driver: Driver, token: str, *, audience: str = ISSUER) -> dict[str, Any]:
    """Verify as 4 says, by the published keys; return the claims."""
    key = jwt.PyJWKSet.from_dict(published(driver))[jwt.get_unverified_header(token)["kid"]]
    required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
    found: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256", "ES256", "EdDSA", "PS256"],
        audience=audience,
        issuer=ISSUER,
        options={"require": required},
    )
    return found


class AuthlibResource(JWTBearerTokenValidator):  # type: ignore[misc]  # untyped
    """Authlib's resource server."""

    def __init__(self, driver: Driver, name: str) -> None:
        super().__init__(issuer=ISSUER, resource_server=name)
        self.keys = KeySet.import_key_set(published(driver))  # type: ignore[arg-type]  # a dict

    def get_jwks(self) -> KeySet:
        return self.keys

    def accepts(self, token: str, *scopes: str) -> bool:
        """Tell whether it serves the bearer of a token."""
        try:
            self.validate_token(self.authenticate_token(token), list(scopes), None)
        except (InvalidTokenError, InsufficientScopeError):
            return False
        return True


# --- The token ----------------------------------------------------------------------------------------------------


def test_header_says_what_kind_of_token_it_is(driver: Driver) -> None:
    """2.1: at+jwt, signed asymmetrically, by a published key."""
    header = jwt.get_unverified_header(driver.tokens().access)
    assert header == {"typ": "at+jwt", "alg": "RS256", "kid": published(driver)["keys"][0]["kid"]}


def test_claims_are_those_of_the_profile(driver: Driver) -> None:
    """2.2, 2.2.1, 2.2.3: who, for whom, by whom, how they signed in, and what for."""
    tokens = driver.tokens()
    claims, identity = claims_of(driver, tokens.access), driver.id_token(tokens)
    assert len(claims.pop("jti")) > 40
    assert claims.pop("exp") - claims["iat"] == 300
    assert claims == {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": identity["sub"],
        "client_id": driver.application.client_id,
        "iat": claims["iat"],
        "scope": tokens.body["scope"],
        "auth_time": identity["auth_time"],
        **{name: identity[name] for name in ("acr", "amr") if name in identity},
    }


def test_sign_in_of_the_person_stays_the_same_in_refreshed_tokens(driver: Driver) -> None:
    """2.2.1: the values of the session the grant began in."""
    tokens = driver.tokens()
    first, second = claims_of(driver, tokens.access), claims_of(driver, driver.refresh(tokens.refresh).access)
    assert second["auth_time"] == first["auth_time"]
    assert second["jti"] != first["jti"]


def test_lives_five_minutes_at_most_whatever_the_site_allows(driver: Driver, settings: Any) -> None:
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "ACCESS_TOKEN_SECONDS": 3600}
    tokens = driver.tokens()
    claims = claims_of(driver, tokens.access)
    assert claims["exp"] - claims["iat"] == tokens.body["expires_in"] == 300
    assert int(get_access_token_model().objects.get().expires.timestamp()) == claims["exp"]


def test_never_outlives_the_consent(driver: Driver) -> None:
    refresh = driver.tokens().refresh
    Consent.objects.update(terms={}, ends_at=timezone.now() + timedelta(seconds=60))
    tokens = driver.refresh(refresh)
    claims = claims_of(driver, tokens.access)
    assert claims["exp"] <= int(Consent.objects.get().ends_at.timestamp())
    assert claims["exp"] - claims["iat"] == tokens.body["expires_in"] <= 60


def test_machines_subject_is_its_client_id(db: None, driver: Driver) -> None:
    """2.2: where no resource owner is involved."""
    machine = resources.use_jwts(resources.machine(scopes={"nickname": False}))
    claims = claims_of(machine, machine.token(grant_type="client_credentials", scope="nickname").access)
    assert claims["sub"] == claims["client_id"] == machine.application.client_id
    assert "auth_time" not in claims


def test_token_without_a_scope_says_nothing_of_one(db: None, driver: Driver) -> None:
    """2.2.3, RFC 6749 3.3: a scope has one word at least; in the answer, the token and introspection alike."""
    machine = resources.use_jwts(resources.machine())
    answer = machine.token(grant_type="client_credentials")
    assert "scope" not in answer.body
    assert "scope" not in claims_of(machine, answer.access)
    told = machine.introspect(answer.access)
    assert (told["active"], "scope" in told) == (True, False)


def test_opaque_is_what_applications_get_that_chose_nothing(driver: Driver) -> None:
    Registration.objects.update(access_token_format="opaque")
    assert driver.tokens().access.startswith("osat_")


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "PS256"])
def test_signed_by_the_algorithm_of_the_application(driver: Driver, alg: str) -> None:
    """2.1, RFC 7515."""
    resources.use_jwts(driver, id_token_alg=alg)
    keys.make_first_keys()
    token = driver.tokens().access
    assert jwt.get_unverified_header(token)["alg"] == alg
    assert claims_of(driver, token)["client_id"] == driver.application.client_id


# --- The audience (3) ---------------------------------------------------------------------------------------------


def test_without_a_resource_it_is_for_this_site(driver: Driver) -> None:
    """3: a default resource indicator."""
    token = driver.tokens().access
    assert claims_of(driver, token)["aud"] == ISSUER
    assert driver.works(token)


def test_with_a_resource_it_is_for_that_one_alone(driver: Driver) -> None:
    """3."""
    resources.api()
    token = driver.tokens(resource=API).access
    assert claims_of(driver, token, audience=API)["aud"] == API
    assert not driver.works(token)


def test_several_resources_are_a_list(driver: Driver) -> None:
    """3."""
    resources.api(), resources.photos()
    token = driver.tokens(resource=[API, PHOTOS]).access
    assert claims_of(driver, token, audience=PHOTOS)["aud"] == [API, PHOTOS]


# --- Validation by resource servers (4) ---------------------------------------------------------------------------


def test_authlib_accepts_it_for_its_own_resource_and_scope_alone(driver: Driver) -> None:
    """4: type, issuer, audience, signature, time, scope."""
    resources.api()
    token = driver.tokens(resource=API).access
    api = AuthlibResource(driver, API)
    assert api.accepts(token, "nickname")
    assert not api.accepts(token, "email")
    assert not AuthlibResource(driver, PHOTOS).accepts(token)
    assert scope_to_list(api.authenticate_token(token)["scope"]) == ["openid", "nickname", "offline_access"]


def test_authlib_refuses_an_id_token_and_an_altered_one(driver: Driver) -> None:
    """4, 5."""
    tokens = driver.tokens()
    api = AuthlibResource(driver, ISSUER)
    assert api.accepts(tokens.access)
    assert not AuthlibResource(driver, driver.application.client_id).accepts(tokens.body["id_token"])
    header, payload, signature = tokens.access.split(".")
    assert not api.accepts(f"{header}.{payload}.{signature[:-8]}AAAAAAAA")


def test_joserfc_verifies_it(driver: Driver) -> None:
    """4."""
    keyset = KeySet.import_key_set(published(driver))  # type: ignore[arg-type]  # a dict
    token = joserfc_jwt.decode(driver.tokens().access, keyset, algorithms=["RS256"])
    assert token.header["typ"] == "at+jwt"
    joserfc_jwt.JWTClaimsRegistry(iss={"essential": True, "value": ISSUER}).validate(token.claims)


# --- Asked here, it dies like any other ---------------------------------------------------------------------------


def test_introspection_agrees_with_the_token(driver: Driver) -> None:
    """RFC 7662 2.2."""
    token = driver.tokens().access
    answer, claims = driver.introspect(token), claims_of(driver, token)
    assert {name: answer[name] for name in claims} == claims
    assert set(answer) - set(claims) == {"active", "token_type"}


def test_revocation_and_withdrawal_work_at_once_wherever_this_site_is_asked(driver: Driver) -> None:
    """RFC 7009: and with it the whole family, which the jti names."""
    tokens = driver.tokens()
    driver.revoke(tokens.access)
    assert not driver.works(tokens.access)
    assert driver.introspect(tokens.access) == driver.introspect(tokens.refresh) == INACTIVE
    second = driver.tokens()
    from provider_site.storage.credentials import authorization_id
    from provider_site.storage.tokens import revoke_authorization

    family = authorization_id(second.access)
    assert family is not None
    revoke_authorization(family, reason="test")
    assert driver.introspect(second.access) == INACTIVE


def test_token_is_stored_by_its_digest_alone(driver: Driver) -> None:
    token = driver.tokens().access
    row = get_access_token_model().objects.get()
    assert row.token == ""
    assert token not in str(vars(row))


# --- Security and privacy (5, 6) ----------------------------------------------------------------------------------


def test_client_that_is_named_like_a_person_does_not_pass_for_them(driver: Driver, user: Any) -> None:
    """5: identifiers of clients and of people can't be confused."""
    driver.tokens()
    subject = Profile.objects.get(user=user).subject
    for name in (subject, str(user.pk)):
        machine = resources.use_jwts(resources.machine(scopes={"nickname": False}, client_id=name))
        token = machine.token(grant_type="client_credentials", scope="nickname").access
        assert claims_of(machine, token)["sub"] == machine.introspect(token)["sub"] == f"client:{name}"


def test_altered_name_of_another_family_opens_nothing(driver: Driver) -> None:
    """5: the text is believed by its digest."""
    token = driver.tokens().access
    header, _payload, signature = token.split(".")
    claims = claims_of(driver, token) | {"jti": "0" * 44}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert not driver.works(f"{header}.{payload}.{signature}")


def test_jwt_that_would_tell_a_pairwise_subject_to_somebody_else_is_not_made(driver: Driver) -> None:
    """6: neither the client's to the resource server, nor the other way round. Nothing is used up by the attempt."""
    resources.api()
    code = driver.code(resource=API)
    Registration.objects.filter(application=driver.application).update(subject_type="pairwise")
    refused = driver.redeem(code)
    assert (refused.status, refused.error) == (400, "invalid_target")
    assert "subject" in refused.body["error_description"]
    Registration.objects.filter(application=driver.application).update(access_token_format="opaque")
    assert driver.redeem(code).status == 200


def test_pairwise_client_has_jwts_for_this_site_and_its_own_resource(driver: Driver, user: Any) -> None:
    """6."""
    Registration.objects.filter(application=driver.application).update(subject_type="pairwise")
    tokens = driver.tokens()
    assert claims_of(driver, tokens.access)["sub"] == driver.id_token(tokens)["sub"]


def test_public_client_gets_no_jwt_with_the_subject_of_another(db: None, driver: Driver, user: Any) -> None:
    """6: the resource server's own pairwise subject is not told to its clients."""
    api = Driver(factories.make_resource_server(identifier=API, scope="nickname"))
    Registration.objects.filter(application=api.application).update(subject_type="pairwise")
    assert driver.redeem(driver.code(resource=API)).error == "invalid_target"
