"""Drive stock DOT as the provider's own driver drives the provider: the same requests, at DOT's pages."""

import secrets
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from oauth2_provider.models import get_application_model

from tests.defects.stock.wiring import CONTRIB
from tests.provider.driver import ISSUER_HOST, REDIRECT, Driver, Pkce, Tokens, encode, query


class StockDriver(Driver):
    """One client application at stock DOT, and one person's browser."""

    def __init__(self, user: Any = None, *, owner: Any = None, **fields: Any) -> None:
        self.secret = secrets.token_urlsafe(48)
        facts = {
            "name": "An app",
            "client_type": "confidential",
            "authorization_grant_type": "authorization-code",
            "redirect_uris": REDIRECT,
            "client_secret": self.secret,
            "algorithm": "RS256",
            "user": owner,
        } | fields
        self.application = get_application_model()._default_manager.create(**facts)
        self.redirect_uri = REDIRECT
        self.pkce = Pkce()
        self.browser = new_client()
        self.backchannel = new_client()
        if user is not None:
            self.sign_in_again(user)

    def sign_in_again(self, user: Any) -> None:
        """Sign the person in."""
        self.browser.force_login(user, backend=f"{CONTRIB}.auth.backends.ModelBackend")

    def allow(self, parameters: dict[str, str], **changes: Any) -> Any:
        """Press "Authorize" on DOT's page, whose hidden fields repeat the request; a None leaves one out."""
        names = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce")
        hidden = {name: parameters[name] for name in names if name in parameters}
        hidden |= {name: value for name, value in parameters.items() if name.startswith("code_challenge")}
        form = {"allow": "Authorize"} | hidden | changes
        form = {name: value for name, value in form.items() if value is not None}
        return self.browser.post(f"/o/authorize/?{urlencode(parameters)}", form)

    def code(self, *, scopes: Any = None, **changes: Any) -> str:
        """Go through the front channel; return the code."""
        parameters = self.request_parameters(**changes)
        page = self.browser.get("/o/authorize/", parameters)
        assert page.status_code == 200, page.content.decode()[:2000]
        return query(self.allow(parameters))["code"]

    def post(self, path: str, *, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """Post a form to one of the endpoints; return the answer as it is, whatever it is."""
        fields = {name: value for name, value in form.items() if value is not None}
        return self.backchannel.post(
            path,
            data=encode(fields),
            content_type="application/x-www-form-urlencoded",
            headers=self.basic() if headers is None else headers,
        )

    def resource(self, token: str) -> Any:
        """Ask a resource that a view of DOT's protects."""
        return self.backchannel.get("/resource/", headers={"Authorization": f"Bearer {token}"})


def new_client() -> Client:
    """Return a client that gets a server's own answer when a view fails, with what failed in ``exc_info``."""
    return Client(headers={"host": ISSUER_HOST}, raise_request_exception=False)


def failure(answer: Any) -> type[BaseException]:
    """Return what a view raised: the answer has to be a 500."""
    assert answer.status_code == 500, (answer.status_code, answer.content.decode()[:500])
    kind: type[BaseException] = answer.exc_info[0]
    return kind


__all__ = ["StockDriver", "Tokens", "failure", "new_client"]
