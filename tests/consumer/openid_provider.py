"""An OpenID provider over real HTTP, written for the tests alone; it shares no code with the consumer.

It is strict about what the client sends, and each of its answers can be replaced or bent.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from jwcrypto import jwk, jwt
from jwcrypto.common import JWException
from PIL import Image

CLIENT_ID = "calendar: client+1/ä"
CLIENT_SECRET = "s3cret+with/odd:chars&="
SUBJECT = "5d0f9f4e-subject"


def picture(colour: tuple[int, int, int] = (200, 80, 20), *, kind: str = "PNG") -> bytes:
    """Return a small picture's file, with a text in it that no copy may keep."""
    output = BytesIO()
    Image.new("RGB", (48, 40), colour).save(output, kind, comment=b"not to be kept")
    return output.getvalue()


PICTURE = picture()
KINDS = {
    "RS256": {"kty": "RSA", "size": 2048},
    "PS256": {"kty": "RSA", "size": 2048},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}


@dataclass
class Answer:
    """What an endpoint says."""

    body: bytes | dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Received:
    """One request that arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    form: dict[str, str]


Bend = Callable[[dict[str, Any]], Any]


@cache
def first_key() -> jwk.JWK:
    """Return the key that every provider starts with: making one takes long."""
    return OpenIDProvider.make_key("RS256", "key-1")


class OpenIDProvider:
    """One issuer with one client. `bend_*` change an answer; `replies` replace it by path."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.algorithm = "RS256"
        self.keys = [first_key()]
        self.received: list[Received] = []
        self.replies: dict[str, Answer | Callable[[Received], Answer]] = {}
        self.bend_discovery: Bend = lambda document: None
        self.bend_tokens: Bend = lambda answer: None
        self.bend_claims: Bend = lambda claims: None
        self.bend_userinfo: Bend = lambda claims: None
        self.userinfo = {
            "sub": SUBJECT,
            "nickname": "林 Ada",
            "picture": f"{self.issuer}/picture",
            "email": "ada@example.com",
            "email_verified": True,
            "gender": "x",
        }
        self.codes: dict[str, dict[str, str]] = {}
        self.access_tokens: dict[str, str] = {}
        self.refresh_tokens: list[str] = []
        self.renewable: dict[str, dict[str, str]] = {}
        self.rotates = True
        self.client_jwks: Callable[[], str] = lambda: '{"keys": []}'
        self.assertions: list[dict[str, Any]] = []
        self.grant: str | None = None

    @staticmethod
    def make_key(algorithm: str, kid: str) -> jwk.JWK:
        """Return a fresh signing key."""
        return jwk.JWK.generate(kid=kid, use="sig", alg=algorithm, **KINDS[algorithm])

    def use(self, algorithm: str, kid: str = "key-2") -> None:
        """Sign with another algorithm from now on."""
        self.algorithm = algorithm
        self.keys = [self.make_key(algorithm, kid)]

    def authorize(self, address: str, *, error: str = "", **extra: str) -> str:
        """Answer an authorization request; return the callback's address, which the browser would open."""
        redirect_uri, answer = self._authorized(address, error=error, extra=extra)
        return redirect_uri + "?" + urlencode(answer)

    def authorize_by_form(self, address: str, *, error: str = "", **extra: str) -> tuple[str, dict[str, str]]:
        """Answer a request for form_post; return where the form goes and what is in it."""
        assert "response_mode=form_post" in urlsplit(address).query.split("&"), address
        return self._authorized(address, error=error, extra=extra)

    def _authorized(self, address: str, *, error: str, extra: dict[str, str]) -> tuple[str, dict[str, str]]:
        query = dict(parse_qsl(urlsplit(address).query, strict_parsing=True))
        assert address.startswith(f"{self.issuer}/authorize?"), address
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert len(query["code_challenge"]) == 43
        assert len(query["state"]) >= 32
        assert len(query["nonce"]) >= 32
        assert "openid" in query["scope"].split()
        answer = {"state": query["state"], "iss": self.issuer}
        if error:
            answer["error"] = error
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self.codes[answer["code"]] = query
        answer |= extra
        return query["redirect_uri"], {name: text for name, text in answer.items() if text}

    def sign(self, claims: dict[str, Any], *, header: dict[str, Any] | None = None, key: jwk.JWK | None = None) -> str:
        """Return the claims as a signed token."""
        key = key or self.keys[0]
        head = {"alg": self.algorithm, "kid": key["kid"], **(header or {})}
        token = jwt.JWT(header={name: item for name, item in head.items() if item is not None}, claims=claims)
        token.make_signed_token(key)
        return str(token.serialize())

    def id_token(self, request: dict[str, str], access_token: str) -> str:
        """Return the ID token for an authorization request."""
        now = int(time.time())
        digest = hashlib.sha512 if self.algorithm == "EdDSA" else hashlib.sha256
        half = digest(access_token.encode()).digest()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.userinfo["sub"],
            "aud": CLIENT_ID,
            "exp": now + 600,
            "iat": now,
            "nonce": request["nonce"],
            "sid": "session-at-provider",
            "at_hash": base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode(),
        }
        self.bend_claims(claims)
        return self.sign(claims)

    def respond(self, received: Received) -> Answer:
        """Return the answer to a request."""
        reply = self.replies.get(received.path)
        if reply is not None:
            return reply(received) if callable(reply) else reply
        handlers = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": lambda _received: Answer({"keys": [json.loads(key.export_public()) for key in self.keys]}),
            "/token": self._token,
            "/userinfo": self._userinfo,
            "/picture": lambda _received: Answer(PICTURE, headers={"Content-Type": "text/html"}),
        }
        handler = handlers.get(received.path)
        return handler(received) if handler else Answer({}, status=404)

    def requests_to(self, path: str) -> list[Received]:
        """Return what arrived at `path`."""
        return [received for received in self.received if received.path == path]

    def _discovery(self, _received: Received) -> Answer:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": [self.algorithm],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        self.bend_discovery(document)
        return Answer(document)

    def _client_is_known(self, received: Received) -> bool:
        if "client_assertion" in received.form:
            return self._assertion_holds(received.form)
        scheme, _space, encoded = received.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return received.form.get("client_secret") == CLIENT_SECRET and received.form.get("client_id") == CLIENT_ID
        name, _colon, secret = base64.b64decode(encoded).decode("ascii").partition(":")
        return unquote_plus(name) == CLIENT_ID and unquote_plus(secret) == CLIENT_SECRET

    def _assertion_holds(self, form: dict[str, str]) -> bool:
        """Return whether the client signed for this request alone (RFC 7523 section 3)."""
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert form["client_id"] == CLIENT_ID
        assert "client_secret" not in form
        signed = jwt.JWT(algs=[*KINDS], check_claims={"iss": CLIENT_ID, "sub": CLIENT_ID, "jti": None, "exp": None})
        try:
            signed.deserialize(form["client_assertion"], jwk.JWKSet.from_json(self.client_jwks()))
        except JWException:
            return False
        claims = json.loads(signed.claims)
        fresh = claims["jti"] not in [earlier["jti"] for earlier in self.assertions]
        self.assertions.append(claims)
        return bool(fresh and claims["aud"] == self.issuer and claims["exp"] - claims["iat"] <= 300)

    def _token(self, received: Received) -> Answer:
        form = received.form
        if not self._client_is_known(received):
            return Answer({"error": "invalid_client"}, status=401)
        if form.get("grant_type") == "refresh_token":
            return self._renew(form)
        request = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            form.get("grant_type") != "authorization_code"
            or request is None
            or request["redirect_uri"] != form.get("redirect_uri")
            or request["code_challenge"] != challenge.rstrip(b"=").decode()
        ):
            return Answer({"error": "invalid_grant"}, status=400)
        answer = self._tokens(request)
        answer["refresh_token"] = self._refresh_token(request)
        self.bend_tokens(answer)
        return Answer(answer)

    def _renew(self, form: dict[str, str]) -> Answer:
        """Answer a refresh; a token that was replaced works no more."""
        sent = form.get("refresh_token", "")
        request = self.renewable.get(sent)
        if request is None:
            return Answer({"error": "invalid_grant"}, status=400)
        answer = self._tokens(request)
        if self.rotates:
            del self.renewable[sent]
            answer["refresh_token"] = self._refresh_token(request)
        self.bend_tokens(answer)
        return Answer(answer)

    def _tokens(self, request: dict[str, str]) -> dict[str, Any]:
        access_token = secrets.token_urlsafe(24)
        self.access_tokens[access_token] = self.grant if self.grant is not None else request["scope"]
        answer: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": self.id_token(request, access_token),
        }
        return answer if self.grant is None else {**answer, "scope": self.grant}

    def _refresh_token(self, request: dict[str, str]) -> str:
        token = "refresh-" + secrets.token_urlsafe(8)
        self.renewable[token] = request
        self.refresh_tokens.append(token)
        return token

    def _userinfo(self, received: Received) -> Answer:
        token = received.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.access_tokens:
            return Answer({"error": "invalid_token"}, status=401)
        claims = dict(self.userinfo)
        self.bend_userinfo(claims)
        return Answer(claims)


class _Handler(BaseHTTPRequestHandler):
    provider: OpenIDProvider
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        assert all(len(values) == 1 for values in form.values()), form
        received = Received(
            self.command,
            parts.path,
            parts.query,
            {name.lower(): text for name, text in self.headers.items()},
            {name: values[0] for name, values in form.items()},
        )
        self.provider.received.append(received)
        answer = self.provider.respond(received)
        body = answer.encoded()
        self.send_response(answer.status)
        for name, text in ({"Content-Length": str(len(body))} | answer.headers).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that hang up, which is what bounds are for."""


@contextmanager
def running() -> Iterator[OpenIDProvider]:
    """Serve a fresh provider on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    provider = OpenIDProvider(server.server_port)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"provider": provider})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
