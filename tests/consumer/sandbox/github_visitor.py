"""Walk through the GitHub emulator as a browser and a client would."""

import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from tests.consumer.sandbox.visitor import CALLBACK, query_of

OAUTH_APP = "Ov23liTests000000001"
GITHUB_APP = "Iv23liTests000000001"
SECRET = "github-secret-of-the-tests"
BASE = "/sandbox/github"


class GitHubVisitor:
    """Send requests by Django's test client."""

    def __init__(self, client: Client, client_id: str = OAUTH_APP) -> None:
        self.client = client
        self.client_id = client_id

    def authorize_address(self, **changes: str | None) -> str:
        """Return the address to which a site sends its visitor; None leaves a parameter out."""
        query: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "read:user user:email",
            "state": "the-state",
        } | changes
        sent = {name: value for name, value in query.items() if value is not None}
        return f"{BASE}/login/oauth/authorize?{urlencode(sent)}"

    def decide(self, decision: str = "allow", person: str = "octo", **changes: str | None) -> Any:
        """Answer the authorization page with all its scopes."""
        return self.client.post(self.authorize_address(**changes), {"decision": decision, "person": person})

    def told(self, decision: str = "allow", person: str = "octo", **changes: str | None) -> dict[str, str]:
        """Return what the callback is told."""
        return query_of(self.decide(decision, person, **changes)["Location"])

    def token(self, *, accept: str = "application/json", **changes: str | None) -> Any:
        """Ask the token endpoint; without `code` or a refresh token, for a fresh code's token."""
        if "code" not in changes and "refresh_token" not in changes:
            changes["code"] = self.told()["code"]
        form: dict[str, str | None] = {"client_id": self.client_id, "client_secret": SECRET} | changes
        sent = {name: value for name, value in form.items() if value is not None}
        return self.client.post(f"{BASE}/login/oauth/access_token", sent, headers={"accept": accept})

    def access_token(self, person: str = "octo", **changes: str | None) -> str:
        """Return a fresh access token."""
        value: str = self.token(code=self.told(person=person, **changes)["code"]).json()["access_token"]
        return value

    def api(self, path: str, token: str = "", *, scheme: str = "Bearer", agent: str = "tests") -> Any:
        """Call the API."""
        headers = {"user-agent": agent} | ({"authorization": f"{scheme} {token}"} if token else {})
        return self.client.get(f"{BASE}/api/v3/{path}", headers=headers)

    def emails(self, person: str) -> list[dict[str, Any]]:
        """Return a person's e-mail addresses."""
        found: list[dict[str, Any]] = json.loads(self.api("user/emails", self.access_token(person)).content)
        return found

    def plan(self, **fields: str | int) -> Any:
        """Plan a misbehaviour as a script does."""
        return self.client.post(f"{BASE}/behaviour/", {"app_id": self.client_id} | fields)
