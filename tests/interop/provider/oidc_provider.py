"""oidc-provider in a process of its own, and the person who signs in at the consumer there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.browser import Page
from tests.conformance.rp.consumer import Consumer, Visit
from tests.interop.relying_party import Script

MAX_PAGES = 4


@dataclass
class OidcProvider:
    """The process, of which every provider is one more port."""

    chain: Path
    script: Script = field(init=False)

    def __post_init__(self) -> None:
        self.script = Script("oidc_provider.mjs", NODE_EXTRA_CA_CERTS=str(self.chain))

    def start(self, *clients: dict[str, Any]) -> str:
        """Start a provider with these clients; return its issuer."""
        key = self.chain.with_name("key.pem")
        started = self.script.ask("start", clients=clients, certificate=str(self.chain), key=str(key))
        issuer: str = started["issuer"]
        return issuer

    def events(self) -> list[str]:
        """Return what happened there since the last time."""
        happened: list[str] = self.script.ask("events")
        return happened


def client(consumer: Consumer, provider_id: str = "", **changes: Any) -> dict[str, Any]:
    """Return what the provider is told of the consumer as its client."""

    def at(name: str) -> str:
        return consumer.address(name, provider_id)

    registered: dict[str, Any] = {
        "client_id": f"calendar {provider_id or 'default'}/+%",
        "client_secret": secrets.token_urlsafe(16) + "+/=:%&",
        "redirect_uris": [at("login/callback")],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "openid profile email offline_access",
        "post_logout_redirect_uris": [at("logout/done")],
        "backchannel_logout_uri": at("logout/backchannel"),
        "backchannel_logout_session_required": True,
    }
    if changes.get("token_endpoint_auth_method") == "private_key_jwt":
        registered |= {"client_secret": None, "jwks_uri": consumer.address("jwks")}
    return {name: value for name, value in (registered | changes).items() if value is not None}


@dataclass
class Person(Visit):
    """Somebody with an account at one provider, and a browser at the consumer."""

    issuer: str = field(kw_only=True)
    name: str = field(kw_only=True)

    @property
    def nickname(self) -> str:
        return f"Nick {self.name}"

    def sign_in(self) -> None:
        """Go to the provider, sign in and agree there where it asks, and come back signed in."""
        page = self.start()
        for _page in range(MAX_PAGES):
            if not page.url.startswith(self.issuer):
                break
            page = self._answer(page)
        assert page.status == 200, f"{page.status} at {page.url}: {page.text[:3000]}"
        assert self.is_signed_in(), f"{page.url}: {page.text[:3000]}"

    def _answer(self, page: Page) -> Page:
        for form in page.reader.forms:
            fields = {control.name: control for control in form.controls}
            if "prompt" in fields:
                if "login" in fields:
                    fields["login"].value, fields["password"].value = self.name, "any"
                return self.browser.submit(form, form.submit_button())
        raise AssertionError(f"nothing to answer at {page.url}: {page.text[:3000]}")

    def leave_the_provider(self) -> Page:
        """Sign out at the provider, which no other site asked for."""
        self.browser.open(f"{self.issuer}/session/end")
        return self.browser.click("sign_out")

    def leave_both(self) -> Page:
        """Sign out here and there; the provider asks."""
        self.sign_out()
        return self.browser.click("sign_out")


def enter(consumer: Consumer, issuer: str, registered: dict[str, Any], provider_id: str = "", **settings: Any) -> Any:
    """Make the entry of a provider at the consumer."""
    from allauth.socialaccount.models import SocialApp

    scope = registered["scope"].split(" ")
    return SocialApp.objects.create(
        provider="house",
        provider_id=provider_id,
        name=f"Provider {provider_id}",
        client_id=registered["client_id"],
        secret=registered.get("client_secret", ""),
        settings={"server_url": issuer, "scope": scope, **settings},
    )
