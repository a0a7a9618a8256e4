"""The OpenID provider that the suite is for a relying party: it checks every request, and misbehaves as it is told."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

import requests

from tests.conformance.listener import Listener, Received, Reply
from tests.conformance.rp import conditions, tokens
from tests.conformance.rp.keys import KeySet, suite_keys

Claims = dict[str, Any]
Change = Callable[[Claims], None]
CLIENT_ID, CLIENT_SECRET = "calendar+suite/1", "s3cret+with/odd=chars&ä%"
# OIDCCLoadUserInfo, and FilterUserInfoForScopes.
PROFILE = {"name": "Demo T. User", "nickname": "Dee", "preferred_username": "d.tu", "zoneinfo": "America/Los_Angeles"}
CLAIMS: dict[str, dict[str, Any]] = {
    "profile": PROFILE | {"gender": "female", "updated_at": 1580000000, "website": "https://openid.net/"},
    "email": {"email": "user@example.com", "email_verified": False},
    "phone": {"phone_number": "+1 555 5550000", "phone_number_verified": False},
    "address": {"address": {"locality": "Hollywood", "region": "CA", "country": "USA"}},
}
ALGORITHMS = ["none", "RS256", "RS384", "ES256", "ES384", "ES256K", "PS256", "PS512", "EdDSA"]
METADATA: dict[str, Any] = {
    "scopes_supported": ["openid", "phone", "profile", "email", "address", "offline_access"],
    "response_types_supported": ["code", "id_token code", "token code id_token", "id_token", "token id_token"],
    "response_modes_supported": ["query", "fragment", "form_post"],
    "grant_types_supported": ["authorization_code", "implicit"],
    "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS[1:],
    "id_token_signing_alg_values_supported": ALGORITHMS,
    "claims_parameter_supported": True,
    "acr_values_supported": ["PASSWORD"],
    "subject_types_supported": ["public", "pairwise"],
    "claim_types_supported": ["normal", "aggregated", "distributed"],
}
# OIDCCGenerateServerConfigurationWithSessionManagement.
OF_LOGOUT = [
    f"{channel}channel_logout_{what}" for channel in ("front", "back") for what in ("supported", "session_supported")
]


def leave(_claims: Claims) -> None:
    """Change nothing."""


@dataclass
class Registration:
    """What the suite is told of the client; `jwks_uri` for private_key_jwt."""

    auth_method: str = "client_secret_basic"
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    redirect_uris: tuple[str, ...] = ()
    jwks_uri: str = ""
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    frontchannel_logout_uri: str = ""
    frontchannel_logout_session_required: bool = True


@dataclass
class SuiteOp:
    """One module's provider, below an address of its own. What a module changes stands in the fields."""

    origin: str
    alias: str
    bundle: str
    client: Registration = field(default_factory=Registration)
    form_post: bool = False
    has_logout: bool = False
    has_signed_userinfo: bool = False
    userinfo_keys: KeySet | None = None
    algorithm: str = "RS256"
    keys: KeySet = field(default_factory=suite_keys)
    jwks_path: str = "jwks"
    error: str = ""
    change_metadata: Change = leave
    change_claims: Change = leave
    change_refreshed_claims: Change = leave
    change_userinfo: Change = leave
    change_logout_claims: Change = leave
    sign: Callable[[Claims], str] | None = None
    sign_logout: Callable[[Claims], str] | None = None
    before_signing: Callable[[], None] = lambda: None
    check_authorization: Callable[[Mapping[str, str]], None] = lambda sent: None
    state_at_logout: Callable[[str], str | None] = lambda state: state
    faults: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    # What was issued.
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    id_tokens: list[str] = field(default_factory=list)
    refresh_token: str = ""
    request: dict[str, str] = field(default_factory=dict)
    sid: str = ""
    logout_answers: list[requests.Response] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        return f"/test/a/{self.alias}/"

    @property
    def issuer(self) -> str:
        """Return the issuer: it ends with a slash, as the suite's does."""
        return self.origin + self.path

    @property
    def subject(self) -> str:
        return f"user-subject-{self.alias}"

    def at(self, endpoint: str) -> list[Received]:
        """Return what came to an endpoint."""
        return [request for request in self.received if request.path == self.path + endpoint]

    def answer(self, received: Received) -> Reply:
        """Answer a request; one that breaks a condition is noted in `faults` and refused."""
        self.received.append(received)
        endpoint = received.path.removeprefix(self.path)
        handlers: dict[str, Callable[[Received], Reply]] = {
            ".well-known/openid-configuration": lambda _received: _json(self.metadata()),
            self.jwks_path: lambda _received: _json(self.keys.public()),
            "authorize": self._authorize,
            "token": self._token,
            "userinfo": self._userinfo,
            "end_session_endpoint": self._end_session,
            "frontchannel_logout_handler": lambda _received: self._frame(),
        }
        try:
            assert endpoint in handlers, "unexpected call"
            return handlers[endpoint](received)
        except Exception as fault:  # noqa: BLE001 - whatever a condition raises is what the test is to see
            self.faults.append(f"{received.method} {endpoint}: {type(fault).__name__}: {fault}")
            return _json({"error": "invalid_request"}, status=400)

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document (OIDCCGenerateServerConfiguration)."""
        endpoints = {f"{name}_endpoint": self.issuer + path for name, path in ENDPOINTS.items()}
        document = METADATA | {"issuer": self.issuer, "jwks_uri": self.issuer + self.jwks_path} | endpoints
        document["token_endpoint_auth_methods_supported"] = [self.client.auth_method]
        if self.has_logout:
            document |= dict.fromkeys(OF_LOGOUT, True)
            document["end_session_endpoint"] = self.issuer + "end_session_endpoint"
        self.change_metadata(document)
        return document

    def _authorize(self, received: Received) -> Reply:
        sent = received.parameters
        client = self.client
        conditions.authorization_request(
            sent, client_id=client.client_id, redirect_uris=client.redirect_uris, form_post=self.form_post
        )
        self.check_authorization(sent)
        code = secrets.token_urlsafe(10)
        self.codes[code] = self.request = sent
        # Any printable character, as the suite's (RFC 6749 appendix A, VSCHAR).
        self.sid = f"~ '{secrets.token_urlsafe(16)}\"<|>"
        answer = {"state": sent["state"]} | ({"error": self.error} if self.error else {"code": code})
        if self.has_logout:
            answer["session_state"] = f"{secrets.token_urlsafe(32)}.{secrets.token_urlsafe(10)}"
        return _page(sent["redirect_uri"], answer) if self.form_post else _redirect(sent["redirect_uri"], answer)

    def _token(self, received: Received) -> Reply:
        form = received.form
        assert received.method == "POST", received.method
        conditions.token_request(form, client_id=self.client.client_id)
        self._authenticate(received)
        refreshed = form["grant_type"] == "refresh_token"
        if refreshed:
            conditions.refresh_grant(form, refresh_token=self.refresh_token, scope=self.request["scope"])
        else:
            conditions.code_grant(form, self.codes.pop(form.get("code", ""), None), used_verifiers=self.used)
        access_token = secrets.token_hex(25)
        scope = self.scopes[access_token] = self.request["scope"]
        answer = {"access_token": access_token, "token_type": "Bearer", "scope": scope}
        answer["id_token"] = self._id_token(access_token, refreshed=refreshed)
        if "offline_access" in scope.split(" "):
            self.refresh_token = f"~ {secrets.token_urlsafe(40)}\"'<|>"
            answer["refresh_token"] = self.refresh_token
        return _json(answer)

    def _authenticate(self, received: Received) -> None:
        client = self.client
        if client.auth_method == "private_key_jwt":
            conditions.private_key_jwt(
                received,
                client_id=client.client_id,
                issuer=self.issuer,
                token_endpoint=self.issuer + "token",
                jwks=requests.get(client.jwks_uri, verify=self.bundle, timeout=20).json(),
                used=self.used,
            )
        else:
            check = {
                "client_secret_basic": conditions.client_secret_basic,
                "client_secret_post": conditions.client_secret_post,
            }[client.auth_method]
            check(received, client_id=client.client_id, secret=client.client_secret)

    def _id_token(self, access_token: str, *, refreshed: bool) -> str:
        nonce = self.request.get("nonce")
        claims = tokens.id_token_claims(
            issuer=self.issuer, subject=self.subject, client_id=self.client.client_id, nonce=nonce
        )
        claims["at_hash"] = tokens.at_hash(access_token, self.algorithm)
        if self.has_logout:
            claims["sid"] = self.sid
        (self.change_refreshed_claims if refreshed else self.change_claims)(claims)
        self.before_signing()
        token = self.sign(claims) if self.sign else tokens.signed(claims, self.keys, self.algorithm)
        self.id_tokens.append(token)
        return token

    def _userinfo(self, received: Received) -> Reply:
        scope = self.scopes.get(conditions.bearer_by_header(received))
        assert scope is not None, "an access token that was not issued"
        claims: Claims = {"sub": self.subject}
        for name in scope.split(" "):
            claims |= CLAIMS.get(name, {})
        self.change_userinfo(claims)
        if not self.has_signed_userinfo:
            return _json(claims)
        about = {"iss": self.issuer, "aud": self.client.client_id}
        token = tokens.signed(claims | about, self.userinfo_keys or self.keys, "RS256")
        return Reply(token, "application/jwt;charset=UTF-8")

    def _end_session(self, received: Received) -> Reply:
        sent = received.parameters
        client = self.client
        conditions.end_session_request(
            sent, issued=self.id_tokens, post_logout_redirect_uris=client.post_logout_redirect_uris
        )
        if client.backchannel_logout_uri:
            self.send_logout_token()
        state = self.state_at_logout(sent["state"])
        back = {"state": state} if state is not None else {}
        if not client.frontchannel_logout_uri:
            return _redirect(sent["post_logout_redirect_uri"], back)
        return self._frame(sent["post_logout_redirect_uri"] + "?" + urlencode(back))

    def _frame(self, after: str = "") -> Reply:
        """Frame the client's front-channel address (CreateRPFrontChannelLogoutRequestUrl), and go on to `after`."""
        named = {"iss": self.issuer, "sid": self.sid} if self.client.frontchannel_logout_session_required else {}
        frame = self.client.frontchannel_logout_uri + ("?" + urlencode(named) if named else "")
        # The suite's page goes on by script, once the frame is there.
        refresh = f'<meta http-equiv="refresh" content="0; url={escape(after)}">' if after else ""
        return Reply(f'<!doctype html><title>Signed out</title>{refresh}<iframe src="{escape(frame)}"></iframe>')

    def send_logout_token(self) -> requests.Response:
        """Tell the client of the end of the session (CallRPBackChannelLogoutEndpoint)."""
        claims = tokens.logout_token_claims(
            issuer=self.issuer, subject=self.subject, client_id=self.client.client_id, sid=self.sid
        )
        self.change_logout_claims(claims)
        token = (self.sign_logout or (lambda given: tokens.signed(given, self.keys, self.algorithm)))(claims)
        form = {"logout_token": token, "ignored_parameter": "Values that are not understood are ignored."}
        answer = requests.post(
            self.client.backchannel_logout_uri, data=form, verify=self.bundle, timeout=20, allow_redirects=False
        )
        self.logout_answers.append(answer)
        return answer


ENDPOINTS = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "registration": "register"}


class Suite(Listener):
    """The server of every module's provider, told apart by the alias in the path."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: dict[str, SuiteOp] = {}

    def begin(self, alias: str, bundle: str) -> SuiteOp:
        """Start a module: a provider at an address that nobody knows yet."""
        self.modules[alias] = started = SuiteOp(self.origin, alias, bundle)
        return started

    def reply(self, received: Received) -> Reply:
        """Let the module answer."""
        alias = received.path.removeprefix("/test/a/").partition("/")[0]
        module = self.modules.get(alias)
        return module.answer(received) if module else Reply(status=404)


def _json(body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(json.dumps(body), "application/json", status)


def _redirect(address: str, parameters: dict[str, str]) -> Reply:
    query = f"?{urlencode(parameters)}" if parameters else ""
    return Reply("", status=302, headers={"Location": address + query})


def _page(action: str, parameters: dict[str, str]) -> Reply:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters.items()
    )
    button = '<input type="submit" value="Click to submit the form manually">'
    form = f'<form action="{escape(action)}" method="post">{fields}{button}</form>'
    return Reply(f"<!doctype html><title>form_post</title>{form}")
