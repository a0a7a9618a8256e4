"""Walk through the WeChat emulator as a browser and a client would."""

import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from tests.consumer.sandbox.visitor import CALLBACK, query_of

WEBSITE = "wx00000000000000a1"
INSIDE = "wx00000000000000a2"
SECRET = "weixin-secret-of-the-tests"
BASE = "/sandbox/weixin"
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.43 NetType/WIFI"
)


class WeixinVisitor:
    """Send requests by Django's test client; inside WeChat or from a website."""

    def __init__(self, client: Client, *, inside: bool = False) -> None:
        self.client = client
        self.inside = inside
        self.app_id = INSIDE if inside else WEBSITE

    def authorize_address(self, **changes: str | None) -> str:
        """Return the address to which a site sends its visitor, parameters in WeChat's order; None leaves one out."""
        query: dict[str, str | None] = {
            "appid": self.app_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "snsapi_userinfo" if self.inside else "snsapi_login",
            "state": "the-state",
        } | changes
        sent = {name: value for name, value in query.items() if value is not None}
        return f"{BASE}/connect/{'oauth2/authorize' if self.inside else 'qrconnect'}?{urlencode(sent)}"

    def see(self, **changes: str | None) -> Any:
        """Open the authorization page."""
        return self.client.get(self.authorize_address(**changes), headers=self.headers)

    def decide(self, decision: str = "allow", person: str = "zhangsan", **changes: str | None) -> Any:
        """Answer the authorization page."""
        form = {"decision": decision, "person": person}
        return self.client.post(self.authorize_address(**changes), form, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """Return what the browser says of itself."""
        return {"user-agent": WECHAT} if self.inside else {}

    def code(self, person: str = "zhangsan", **changes: str | None) -> str:
        """Return a fresh authorization code."""
        return query_of(self.decide(person=person, **changes)["Location"])["code"]

    def token(self, **changes: str | None) -> dict[str, Any]:
        """Ask the token endpoint; without `code`, for a fresh code's token."""
        if "code" not in changes:
            changes["code"] = self.code()
        query: dict[str, str | None] = {
            "appid": self.app_id,
            "secret": SECRET,
            "grant_type": "authorization_code",
        } | changes
        return self.ask("sns/oauth2/access_token", **query)

    def refresh(self, refresh_token: str | None, **changes: str | None) -> dict[str, Any]:
        """Ask for a refresh."""
        query = {"appid": self.app_id, "grant_type": "refresh_token", "refresh_token": refresh_token} | changes
        return self.ask("sns/oauth2/refresh_token", **query)

    def profile(self, token: dict[str, Any], path: str = "sns/userinfo", **changes: str | None) -> dict[str, Any]:
        """Ask for the profile, or whatever else wants token and OpenID."""
        query: dict[str, str | None] = {"access_token": token["access_token"], "openid": token["openid"]}
        return self.ask(path, **(query | changes))

    def plan(self, **fields: str | int) -> Any:
        """Plan a misbehaviour as a script does."""
        return self.client.post(f"{BASE}/behaviour/", {"app_id": self.app_id} | fields)

    def get(self, path: str, **query: str | None) -> Any:
        """Send a GET request; None leaves a parameter out."""
        return self.client.get(f"{BASE}/{path}", {name: value for name, value in query.items() if value is not None})

    def ask(self, path: str, **query: str | None) -> dict[str, Any]:
        """Return the JSON of an answer, which is HTTP 200 whatever it says."""
        response = self.get(path, **query)
        assert response.status_code == 200
        answer: dict[str, Any] = json.loads(response.content.decode())
        return answer
