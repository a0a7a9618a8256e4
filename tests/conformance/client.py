"""A relying party that speaks real HTTP, and the person who uses it."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import jwt

from tests import factories
from tests.conformance.browser import Browser
from tests.conformance.listener import Listener, Received
from tests.conformance.op import Op

CALLBACK, POST_LOGOUT = "/callback", "/post_logout_redirect"
ALL_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")
MAX_PAGES = 6


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered to a relying party's server."""

    status: int
    headers: Any
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON object. Raises AssertionError for anything else."""
        try:
            value = json.loads(self.text)
        except ValueError:
            raise AssertionError(f"{self.status}, no JSON: {self.text[:500]}") from None
        assert isinstance(value, dict), value
        return value


@dataclass(frozen=True)
class IdToken:
    """An ID token as it came; nothing of it is verified here."""

    text: str

    @property
    def header(self) -> dict[str, Any]:
        return jwt.get_unverified_header(self.text)

    @property
    def claims(self) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(self.text, options={"verify_signature": False})
        return claims


@dataclass
class Flow:
    """One authorization: what was asked, which pages the person saw, and where it ended."""

    request: dict[str, str]
    callback: Received | None
    shown: list[str]
    page: Any

    @property
    def parameters(self) -> dict[str, str]:
        """Return the authorization response. Raises AssertionError where the provider ended at a page of its own."""
        assert self.callback is not None, f"{self.page.status} at {self.page.url}: {self.page.text[:2000]}"
        return self.callback.parameters

    @property
    def code(self) -> str:
        assert "code" in self.parameters, self.parameters
        return self.parameters["code"]


@dataclass
class RelyingParty:
    """A registered client, its secret and its addresses."""

    op: Op
    listener: Listener
    application: Any
    secret: str
    form_post: bool = False
    scope: str = "openid"
    redirect_uri: str = ""
    auth_method: str = "client_secret_basic"

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return an authorization request as the suite's: no PKCE, a random state and nonce; None leaves out."""
        parameters: dict[str, str | None] = {
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "response_type": "code",
            "response_mode": "form_post" if self.form_post else None,
        }
        return {name: value for name, value in (parameters | changes).items() if value is not None}

    def send(self, browser: Browser, person: Person, request: dict[str, str], method: str = "GET") -> Flow:
        """Send the browser to the authorization endpoint; the person signs in and allows whatever is asked."""
        endpoint = self.op.endpoint("authorization_endpoint")
        before = len(self.listener.received)
        shown: list[str] = []
        if method == "POST":
            browser.post(endpoint, request)
        else:
            browser.open(f"{endpoint}?{urlencode(request)}")
        for _page in range(MAX_PAGES):
            came = self.listener.received[before:]
            if came or not person.deals_with(browser, shown):
                return Flow(request, came[0] if came else None, shown, browser.page)
        raise AssertionError(f"too many pages: {shown}")

    def authorize(self, browser: Browser, person: Person, **changes: str | None) -> Flow:
        """Ask for an authorization by a changed request."""
        return self.send(browser, person, self.request(**changes))

    def token(self, **form: str) -> Answer:
        """Post to the token endpoint, authenticated by the client's method."""
        headers = {}
        if self.auth_method == "client_secret_basic":
            pair = f"{quote(self.application.client_id, safe='')}:{quote(self.secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self.application.client_id, "client_secret": self.secret}
        answer = self.op.call("POST", self.op.endpoint("token_endpoint"), data=form, headers=headers)
        return Answer(answer.status_code, answer.headers, answer.text)

    def redeem(self, code: str, **form: str) -> Answer:
        """Exchange a code."""
        return self.token(
            **({"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri} | form)
        )

    def refresh(self, refresh_token: str, **form: str) -> Answer:
        """Use a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **form)

    def userinfo(self, access_token: str, how: str = "get") -> Answer:
        """Ask userinfo: `get`, `post-header` or `post-body`."""
        url = self.op.endpoint("userinfo_endpoint")
        header = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        if how == "get":
            answer = self.op.call("GET", url, headers=header)
        elif how == "post-header":
            answer = self.op.call("POST", url, headers=header)
        else:
            answer = self.op.call("POST", url, data={"access_token": access_token})
        return Answer(answer.status_code, answer.headers, answer.text)


@dataclass
class Person:
    """Who sits at the browser: an account, and its password."""

    user: Any
    username: str
    password: str = factories.PASSWORD
    decision: str = "allow"
    claims: dict[str, Any] = field(default_factory=dict)

    def deals_with(self, browser: Browser, shown: list[str]) -> bool:
        """Do what the page asks for and note it in `shown`; return False for a page that asks for nothing known."""
        page = browser.page
        if page.has("id_password"):
            shown.append("login")
            if page.has("id_login"):
                browser.fill("id_login", self.username)
            browser.fill("id_password", self.password)
            browser.press_enter("id_password")
        elif page.has("allow"):
            shown.append("consent")
            browser.tick("scope")
            browser.click(self.decision)
        else:
            return False
        return True
