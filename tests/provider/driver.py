"""Drive the provider over its public addresses as a client and a person would, through Django's test client."""

import base64
import functools
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import jwt
from django.test import Client

from provider_site import crypto
from provider_site.crypto import code_challenge

ISSUER = "http://localhost:8000"
ISSUER_HOST = "localhost:8000"
REDIRECT = "https://app.example.com/callback"


@dataclass
class Pkce:
    """A verifier and its S256 challenge."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        return code_challenge(self.verifier)


@dataclass
class Tokens:
    """What the token endpoint answered."""

    status: int
    body: dict[str, Any]
    headers: Any

    @property
    def access(self) -> str:
        return str(self.body["access_token"])

    @property
    def refresh(self) -> str:
        return str(self.body["refresh_token"])

    @property
    def error(self) -> str | None:
        return self.body.get("error")


class Driver:
    """One client application and one person's browser."""

    def __init__(self, registered: Any, user: Any = None, *, redirect_uri: str = REDIRECT) -> None:
        self.application = registered.application
        self.secret = registered.client_secret
        self.redirect_uri = redirect_uri
        self.browser = Client(headers={"host": ISSUER_HOST})
        self.backchannel = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        self.pkce = Pkce()
        if user is not None:
            self.browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def request_parameters(self, **changes: Any) -> dict[str, str]:
        """Return a correct authorization request, changed; a value of None leaves the parameter out."""
        parameters = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid nickname offline_access",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in parameters.items() if value is not None}

    def authorize(self, *, method: str = "get", **changes: Any) -> Any:
        """Send the authorization request; return the first answer."""
        return getattr(self.browser, method)("/o/authorize/", self.request_parameters(**changes))

    def consent(self, page: Any, *, scopes: Any = (), decision: str = "allow", **fields: Any) -> Any:
        """Send the consent form the answer led to; return the last answer before the client's own address."""
        assert page.status_code == 302, page.content.decode()[:2000]
        location = page["Location"]
        assert location.startswith("/o/consent/"), location
        sent = {"scope": list(scopes), "decision": decision, "duration": "30"} | fields
        answer = self.browser.post(location, sent)
        if answer.status_code != 303:
            return answer
        return self.browser.get(answer["Location"])

    def code(self, *, scopes: Any = ("nickname", "offline_access"), **changes: Any) -> str:
        """Go through the front channel; return the code."""
        answer = self.authorize(**changes)
        if answer.status_code == 302 and answer["Location"].startswith("/o/consent/"):
            answer = self.consent(answer, scopes=scopes)
        return query(answer)["code"]

    def basic(self, *, secret: str | None = None) -> dict[str, str]:
        """Return the client's Authorization header."""
        pair = f"{quote(self.application.client_id)}:{quote(secret or self.secret)}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def token(self, *, headers: dict[str, str] | None = None, **form: Any) -> Tokens:
        """Post to the token endpoint, authenticated unless `headers` says otherwise."""
        fields = {name: value for name, value in form.items() if value is not None}
        response = self.backchannel.post(
            "/o/token/",
            data=encode(fields),
            content_type="application/x-www-form-urlencoded",
            headers=self.basic() if headers is None else headers,
        )
        return Tokens(response.status_code, response.json(), response.headers)

    def redeem(self, code: str, **changes: Any) -> Tokens:
        """Exchange a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.pkce.verifier,
        } | changes
        return self.token(**form)

    def refresh(self, token: str, **changes: Any) -> Tokens:
        """Use a refresh token."""
        return self.token(**({"grant_type": "refresh_token", "refresh_token": token} | changes))

    def tokens(self, **changes: Any) -> Tokens:
        """Go through the front channel and exchange the code."""
        answer = self.redeem(self.code(**changes))
        assert answer.status == 200, answer.body
        return answer

    def revoke(self, token: str, *, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """Post to the revocation endpoint, authenticated unless `headers` says otherwise."""
        return self.backchannel.post(
            "/o/revoke_token/",
            data=encode({"token": token} | form),
            content_type="application/x-www-form-urlencoded",
            headers=self.basic() if headers is None else headers,
        )

    def introspect(self, token: str, *, headers: dict[str, str] | None = None, **form: Any) -> dict[str, Any]:
        """Ask the introspection endpoint about a token, authenticated unless `headers` says otherwise."""
        response = self.backchannel.post(
            "/o/introspect/",
            data=encode({"token": token} | form),
            content_type="application/x-www-form-urlencoded",
            headers=self.basic() if headers is None else headers,
        )
        assert response.status_code == 200, (response.status_code, response.content)
        body: dict[str, Any] = response.json()
        return body

    def userinfo(self, access_token: str) -> Any:
        """Ask userinfo with a bearer token."""
        return self.backchannel.get("/o/userinfo/", headers={"Authorization": f"Bearer {access_token}"})

    def works(self, access_token: str) -> bool:
        """Tell whether userinfo accepts the token; any answer but 200 and 401 is a failure of its own."""
        status = self.userinfo(access_token).status_code
        assert status in {200, 401}, status
        return bool(status == 200)

    def id_token(self, tokens: Tokens) -> dict[str, Any]:
        """Return the claims of the ID token, verified as a client would: by the published keys."""
        return verified(self.backchannel, tokens.body["id_token"], audience=self.application.client_id)

    def sign_in_again(self, user: Any) -> None:
        """Prove anew who sits at the browser."""
        self.browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def sign_out(self) -> None:
        """Sign out at the provider, by its own form."""
        answer = self.browser.post("/accounts/logout/")
        assert answer.status_code == 302, answer.status_code


def verified(client: Client, token: str, *, audience: str) -> dict[str, Any]:
    """Verify an ID token through the published JWK set; return its claims."""
    keys = jwt.PyJWKSet.from_dict(client.get("/.well-known/jwks.json").json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    required = ["iss", "sub", "aud", "exp", "iat"]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=[key.algorithm_name], audience=audience, issuer=ISSUER, options={"require": required}
    )
    return claims


@functools.cache
def _private_key(alg: crypto.SigningAlgorithm) -> bytes:
    return crypto.generate_private_key(alg)


def plant_signing_key() -> None:
    """Give the installation the keys, one by algorithm, that all tests of a process share: making RSA is slow."""
    from provider_site.conf import provider_settings
    from provider_site.models import SigningKey

    rows = []
    for alg in provider_settings.signing_algorithms:
        pem = _private_key(alg)  # type: ignore[arg-type]  # one of ALGORITHMS
        jwk = crypto.public_jwk(pem, alg=alg)  # type: ignore[arg-type]  # one of ALGORITHMS
        sealed = crypto.seal(pem, key_ring=provider_settings.key_ring, purpose="signing-key")
        rows.append(SigningKey(kid=jwk["kid"], alg=alg, status="active", sealed_private_key=sealed, public_jwk=jwk))
    SigningKey.objects.bulk_create(rows)


def encode(fields: dict[str, Any]) -> str:
    """Return a form body."""
    return "&".join(f"{quote(name)}={quote(str(value), safe='')}" for name, value in fields.items())


def query(answer: Any) -> dict[str, str]:
    """Return the query of a redirect to the client."""
    assert answer.status_code in {302, 303}, (answer.status_code, answer.content.decode()[:2000])
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
