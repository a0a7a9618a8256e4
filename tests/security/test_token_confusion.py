"""Use one kind of token as another (RFC 9700 4.9; OpenID Core 16.3)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provider_site.errors import SignedTokenRefused
from provider_site.models import Registration
from provider_site.services import keys
from tests.provider.driver import Driver, query


def forged(claims: dict[str, Any], **header: Any) -> str:
    """Return an unsigned JWT with a header of one's choice."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'typ': 'JWT', **header})}.{part(claims)}."


class TestTokenConfusion:
    def test_id_token_opens_nothing(self, driver: Driver) -> None:
        tokens = driver.tokens()
        assert driver.userinfo(tokens.body["id_token"]).status_code == 401
        assert driver.refresh(tokens.body["id_token"]).error == "invalid_grant"
        assert driver.redeem(tokens.body["id_token"]).error == "invalid_grant"

    def test_refresh_token_and_code_open_nothing(self, driver: Driver) -> None:
        code = driver.code()
        assert not driver.works(code)
        assert not driver.works(driver.redeem(code).refresh)

    def test_client_secret_opens_nothing(self, driver: Driver) -> None:
        assert not driver.works(driver.secret)

    def test_access_token_is_no_id_token(self, driver: Driver) -> None:
        assert driver.tokens().access.count(".") == 0

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "HS256"},
            {"alg": "RS256", "jku": "https://evil.example"},
            {"alg": "RS256", "crit": []},
        ],
    )
    def test_forged_jwt_opens_nothing(self, driver: Driver, header: dict[str, Any]) -> None:
        claims = jwt.decode(driver.tokens().body["id_token"], options={"verify_signature": False})
        assert not driver.works(forged(claims, **header))

    def test_token_altered_to_name_another_authorization_opens_nothing(self, driver: Driver, attacker: Driver) -> None:
        mine, theirs = attacker.tokens().access, driver.tokens().access
        assert not driver.works(mine[:5] + theirs[5:27] + mine[27:])
        assert driver.works(theirs)

    def test_stored_checksum_of_a_token_opens_nothing(self, driver: Driver) -> None:
        from oauth2_provider.models import get_access_token_model

        driver.tokens()
        row = get_access_token_model().objects.get()
        assert row.token == ""
        assert not driver.works(row.token_checksum)

    def test_machines_token_knows_no_person(self, driver: Driver) -> None:
        type(driver.application).objects.update(authorization_grant_type="client-credentials")
        tokens = driver.token(grant_type="client_credentials", scope="openid", user="1")
        assert tokens.status == 200
        assert driver.userinfo(tokens.access).status_code in {401, 403}

    def test_token_in_the_address_opens_nothing(self, driver: Driver) -> None:
        token = driver.tokens().access
        assert driver.backchannel.get("/o/userinfo/", {"access_token": token}).status_code == 401

    def test_token_in_two_places_is_refused(self, driver: Driver) -> None:
        token = driver.tokens().access
        answer = driver.backchannel.post(
            "/o/userinfo/", {"access_token": token}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 400

    def test_session_cookie_opens_no_userinfo(self, driver: Driver) -> None:
        driver.tokens()
        assert driver.browser.get("/o/userinfo/").status_code == 401

    def test_id_token_hint_of_another_person_gives_nothing(self, driver: Driver, attacker: Driver) -> None:
        hint = driver.tokens().body["id_token"]
        answer = query(attacker.authorize(id_token_hint=hint))
        assert (answer["error"], "code" in answer) == ("invalid_request", False), "it is of another client, too"


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def foreign_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed_by(key: rsa.RSAPrivateKey, claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode(claims, key, algorithm="RS256", headers=header)


def signed_with_the_public_key(driver: Driver, claims: dict[str, Any], **header: Any) -> str:
    """Return a JWT whose HMAC key is our published public key, in PEM."""
    jwk = driver.backchannel.get("/.well-known/jwks.json").json()["keys"][0]
    public = jwt.PyJWK(jwk).key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{part({'alg': 'HS256', 'kid': jwk['kid'], **header})}.{part(claims)}"
    return f"{text}.{part(hmac.new(public, text.encode(), hashlib.sha256).digest())}"


@pytest.fixture
def signing(driver: Driver) -> Driver:
    """Return a client whose access tokens are JWTs."""
    Registration.objects.filter(application=driver.application).update(access_token_format="jwt")
    return driver


def hinted(driver: Driver, hint: str) -> str | None:
    """Return the error that an authorization request with this hint is answered with."""
    answer = driver.authorize(prompt="none", id_token_hint=hint)
    return query(answer).get("error")


class TestJwtConfusion:
    """Access tokens that are JWTs, beside ID tokens: neither is taken for the other (RFC 9068 5, RFC 8725 3.11)."""

    def test_jwt_access_token_is_no_id_token_hint(self, signing: Driver) -> None:
        tokens = signing.tokens()
        assert hinted(signing, tokens.body["id_token"]) is None
        assert hinted(signing, tokens.access) == "invalid_request"
        with pytest.raises(SignedTokenRefused):
            keys.verify(tokens.access)

    def test_jwt_access_token_signs_nobody_out(self, signing: Driver) -> None:
        tokens = signing.tokens()
        signing.browser.get("/o/logout/", {"id_token_hint": tokens.access})
        assert signing.works(tokens.access)
        assert hinted(signing, tokens.body["id_token"]) is None, "the session goes on"

    def test_id_token_is_no_access_token_and_unknown_to_introspection(self, signing: Driver) -> None:
        tokens = signing.tokens()
        assert not signing.works(tokens.body["id_token"])
        assert signing.introspect(tokens.body["id_token"]) == {"active": False}
        signing.revoke(tokens.body["id_token"])
        assert signing.works(tokens.access), "nor is it a handle to the tokens beside it"

    def test_id_token_that_calls_itself_an_access_token_opens_nothing(self, signing: Driver) -> None:
        tokens = signing.tokens()
        payload, signature = tokens.body["id_token"].split(".")[1:]
        header = jwt.get_unverified_header(tokens.body["id_token"]) | {"typ": "at+jwt"}
        assert not signing.works(f"{part(header)}.{payload}.{signature}")

    @pytest.mark.parametrize("typ", ["at+jwt", "JWT"])
    def test_signature_with_our_public_key_as_a_secret_opens_nothing(self, signing: Driver, typ: str) -> None:
        tokens = signing.tokens()
        for text in (tokens.access, tokens.body["id_token"]):
            claims = jwt.decode(text, options={"verify_signature": False})
            forged = signed_with_the_public_key(signing, claims, typ=typ)
            assert not signing.works(forged)
            assert hinted(signing, forged) == "invalid_request"
            assert signing.introspect(forged) == {"active": False}

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
    def test_unsigned_copy_opens_nothing(self, signing: Driver, alg: str) -> None:
        tokens = signing.tokens()
        for text in (tokens.access, tokens.body["id_token"]):
            copy = f"{part(jwt.get_unverified_header(text) | {'alg': alg})}.{text.split('.')[1]}."
            assert not signing.works(copy)
            assert hinted(signing, copy) == "invalid_request"

    @pytest.mark.parametrize(
        "header",
        [
            {"jku": "https://evil.example.com/jwks.json"},
            {"x5u": "https://evil.example.com/certificate"},
            {"crit": ["exp"]},
            {"jwk": True},
            {},
        ],
    )
    def test_key_that_a_token_brings_along_is_not_believed(self, signing: Driver, header: dict[str, Any]) -> None:
        tokens, key = signing.tokens(), foreign_key()
        if "jwk" in header:
            header = {"jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))}
        for text in (tokens.access, tokens.body["id_token"]):
            ours = jwt.get_unverified_header(text)
            claims = jwt.decode(text, options={"verify_signature": False})
            forged = signed_by(key, claims, kid=ours["kid"], typ=ours["typ"], **header)
            assert not signing.works(forged)
            assert hinted(signing, forged) == "invalid_request"
            assert signing.introspect(forged) == {"active": False}

    def test_token_of_another_family_under_our_signature_is_that_familys_alone(
        self, signing: Driver, attacker: Driver
    ) -> None:
        mine, theirs = signing.tokens().access.split("."), attacker.tokens().access
        for mixed in (f"{mine[0]}.{mine[1]}.{theirs}", f"{mine[0]}.{mine[1]}.{mine[2]}=", f"{mine[0]}.{mine[1]}"):
            assert not signing.works(mixed)
