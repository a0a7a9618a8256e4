"""Walk through the emulator as a browser and a client would."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

APP_ID = "100000001"
KEY = "app-key-of-the-tests"
CALLBACK = "http://127.0.0.1:8000/callback/"
BASE = "/sandbox/qq"


def query_of(address: str) -> dict[str, str]:
    """Return the query parameters of an address, each once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query, keep_blank_values=True).items()}


class Visitor:
    """Send requests by Django's test client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def authorize_address(self, **changes: str | None) -> str:
        """Return the address to which a site sends its visitor; None leaves a parameter out."""
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": APP_ID,
            "redirect_uri": CALLBACK,
            "state": "the-state",
        } | changes
        sent = {name: value for name, value in query.items() if value is not None}
        return f"{BASE}/oauth2.0/authorize?{urlencode(sent)}"

    def decide(self, decision: str = "allow", person: str = "penguin", **changes: str | None) -> Any:
        """Answer the authorization page."""
        return self.client.post(self.authorize_address(**changes), {"decision": decision, "person": person})

    def code(self, person: str = "penguin", **changes: str | None) -> str:
        """Return a fresh authorization code."""
        return query_of(self.decide(person=person, **changes)["Location"])["code"]

    def token(self, **changes: str | None) -> Any:
        """Ask the token endpoint; without `code` or another grant, for a fresh code's token as JSON."""
        if "code" not in changes and "grant_type" not in changes:
            changes["code"] = self.code()
        query: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": APP_ID,
            "client_secret": KEY,
            "redirect_uri": CALLBACK,
            "fmt": "json",
        } | changes
        return self.get("oauth2.0/token", **query)

    def access_token(self, person: str = "penguin", **changes: str | None) -> str:
        """Return a fresh access token."""
        value: str = json.loads(self.token(code=self.code(person, **changes)).content)["access_token"]
        return value

    def me(self, **query: str | None) -> Any:
        """Ask whose token it is."""
        return self.get("oauth2.0/me", **query)

    def openid(self, access_token: str) -> str:
        """Return the OpenID behind an access token."""
        value: str = self.me(access_token=access_token, fmt="json").json()["openid"]
        return value

    def profile(self, token: str, **changes: str | None) -> Any:
        """Ask for the profile behind an access token."""
        query: dict[str, str | None] = {"access_token": token, "oauth_consumer_key": APP_ID}
        if "openid" not in changes:
            query["openid"] = self.openid(token)
        return self.get("user/get_user_info", **(query | changes))

    def plan(self, **fields: str | int) -> Any:
        """Plan a misbehaviour as a script does."""
        return self.client.post(f"{BASE}/behaviour/", {"app_id": APP_ID} | fields)

    def get(self, path: str, **query: str | None) -> Any:
        """Send a GET request; None leaves a parameter out."""
        return self.client.get(f"{BASE}/{path}", {name: value for name, value in query.items() if value is not None})
