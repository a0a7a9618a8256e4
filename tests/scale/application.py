"""An application and its person, whose requests go to the hosts in turn, or to the one that a test names."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests

from provider_site.crypto import code_challenge
from tests.factories import CALLBACK, PASSWORD
from tests.flows.web_person import Person
from tests.scale.fleet import TIMEOUT, Fleet, Host

SCOPES = "openid nickname avatar offline_access"


class Application:
    """What `console.person` made, at work."""

    def __init__(self, fleet: Fleet, made: dict[str, Any]) -> None:
        self.fleet, self.made = fleet, made
        self.verifier = secrets.token_urlsafe(32)
        self.person = Person(made["username"], PASSWORD)
        self.person.session = self.browser = fleet.browser()
        for name, value in made["cookies"].items():
            self.browser.cookies.set(name, value, domain="localhost.local", path="/")

    @property
    def credentials(self) -> tuple[str, str]:
        return self.made["client_id"], self.made["secret"]

    def parameters(self, **changes: str) -> dict[str, str]:
        """Return a correct authorization request."""
        return {
            "response_type": "code",
            "client_id": self.made["client_id"],
            "redirect_uri": CALLBACK,
            "scope": SCOPES,
            "state": "state",
            "code_challenge": code_challenge(self.verifier),
            "code_challenge_method": "S256",
        } | changes

    def code(self) -> str:
        """Go through the front channel, each step at another host; return the code."""
        address = requests.Request("GET", f"{self.fleet.sites.provider}/o/authorize/", params=self.parameters())
        prepared = address.prepare().url
        first = self.browser.get(prepared, allow_redirects=False, timeout=TIMEOUT).headers["Location"]
        if not first.startswith(CALLBACK):
            first = self.person.authorize(prepared, allow=("nickname", "avatar", "offline_access"))
        return answer_of(first)["code"]

    def silently(self, host: Host, **changes: str) -> requests.Response:
        """Ask for a code at one host without any page."""
        with self.fleet.browser(only=host) as browser:
            browser.cookies.update(self.browser.cookies)
            address = f"{self.fleet.sites.provider}/o/authorize/"
            parameters = self.parameters(prompt="none", **changes)
            return browser.get(address, params=parameters, allow_redirects=False, timeout=TIMEOUT)

    def token(self, host: Host, **form: str) -> requests.Response:
        """Ask one host's token endpoint."""
        return self.fleet.at(host, "POST", "/o/token/", data=form, auth=self.credentials)

    def redeem(self, host: Host, code: str) -> requests.Response:
        """Exchange a code at one host."""
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier}
        return self.token(host, grant_type="authorization_code", **form)

    def refresh(self, host: Host, token: str) -> requests.Response:
        """Use a refresh token at one host."""
        return self.token(host, grant_type="refresh_token", refresh_token=token)

    def userinfo(self, host: Host, token: str) -> requests.Response:
        """Ask one host who it is."""
        return self.fleet.at(host, "GET", "/o/userinfo/", headers={"Authorization": f"Bearer {token}"})

    def served(self) -> dict[str, str]:
        """Return tokens that every host has seen at work: whatever a process keeps, it keeps now."""
        tokens: dict[str, str] = {}
        for host in self.fleet.hosts:
            answer = self.redeem(host, self.code())
            assert answer.status_code == 200, answer.text
            tokens = answer.json()
        for host in self.fleet.hosts:
            assert self.userinfo(host, tokens["access_token"]).json()["nickname"] == "Ada"
            assert "code" in answer_of(self.silently(host).headers["Location"])
        return tokens


def answer_of(location: str) -> dict[str, str]:
    """Return the query of the answer to the client."""
    assert location.startswith(CALLBACK), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def kid_of(token: str) -> str:
    """Return the key that a token names."""
    return str(jwt.get_unverified_header(token)["kid"])
