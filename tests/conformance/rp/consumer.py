"""The relying party under test: the project's consumer over TLS, its entry for a provider, and a person there."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import servers
from tests.conformance import tls_sites
from tests.conformance.browser import Browser, Page
from tests.conformance.rp.suite_op import Registration, SuiteOp

HOST = "127.0.0.1"
SIGN_OUT = "/accounts/logout/"


@dataclass
class Consumer:
    """A running consumer."""

    port: int
    bundle: Path
    exceptions: list[BaseException] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"https://{HOST}:{self.port}"

    def address(self, name: str, provider_id: str = "") -> str:
        """Return an address of the house connector, for the entry with this id or the default one."""
        entry = f"{provider_id}/" if provider_id else ""
        return f"{self.origin}/accounts/house/{entry}{name}/"


def _configure(settings: Any, port: int, bundle: Path) -> None:
    servers.move_settings(settings, port)
    for name in ("CONSUMER_URL", "SITE_URLS", "CONSUMER_SITE", "CSP_FORM_ACTION"):
        setattr(settings, name, tls_sites.encrypted(getattr(settings, name), f"http://{HOST}:{port}"))
    settings.ALLOWED_HOSTS = ["localhost", HOST]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    # The provider of the tests is on this machine.
    outbound = {"ALLOW_LOOPBACK_HTTP": True, "HTTP_CA_BUNDLE": str(bundle), "SITE_URL": f"https://{HOST}:{port}"}
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, **outbound}


@contextmanager
def serving(settings: Any, context: ssl.SSLContext, bundle: Path) -> Iterator[Consumer]:
    """Run the consumer while `settings` is moved to its address."""
    with tls_sites.serving(context, lambda port: _configure(settings, port, bundle)) as sites:
        yield Consumer(sites.port, bundle, sites.exceptions)


@dataclass
class Visit:
    """A person at the consumer, who signs in there by one entry for an OpenID provider."""

    consumer: Consumer
    browser: Browser
    entry: Any
    provider_id: str = ""

    def configure(self, **settings: Any) -> None:
        """Change the entry's settings, as an administrator does."""
        self.entry.settings = {**self.entry.settings, **settings}
        self.entry.save()

    def start(self) -> Page:
        """Ask to sign in; return where it leads, which is back here unless the provider keeps the person."""
        self.browser.open(self.consumer.address("login", self.provider_id))
        return self.go_on()

    def go_on(self) -> Page:
        """Press the button of the page that asks whether to go to the provider."""
        page = self.browser.page
        path = page.url.removeprefix(self.consumer.origin).partition("?")[0]
        for form in page.reader.forms:
            if form.method == "POST" and (form.action or path) == path and form.submit_button() is not None:
                return self.browser.submit(form, form.submit_button())
        raise AssertionError(f"nothing to press at {page.url}: {page.text[:2000]}")

    def is_signed_in(self) -> bool:
        """Tell by what the person sees: whether there is a way to sign out."""
        page = self.browser.open(f"{self.consumer.origin}/")
        assert page.status == 200, page.text
        return any(form.action == SIGN_OUT for form in page.reader.forms)

    def sign_out(self) -> Page:
        """Sign out here and at the provider, of which there is a choice; return the last page."""
        self.browser.open(f"{self.consumer.origin}/")
        form = next(form for form in self.browser.page.reader.forms if form.action == SIGN_OUT)
        self.browser.submit(form, form.submit_button())
        return self.browser.press("where", "provider")


@dataclass
class RelyingParty(Visit):
    """The consumer as a client of one module's provider, and the browser of the person who uses it."""

    op: SuiteOp = field(kw_only=True)

    def use(self, auth_method: str) -> None:
        """Change how the client authenticates at both sides, by discovery alone where it has a secret."""
        self.op.client.auth_method = auth_method
        if auth_method == "private_key_jwt":
            from consumer_site.openid import client_keys

            client_keys.make()
            self.entry.secret = ""
            self.configure(token_endpoint_auth_method=auth_method)

    def sign_in(self) -> None:
        """Sign in. Raises AssertionError where that does not work."""
        page = self.start()
        assert page.status == 200, f"{page.status} at {page.url}: {page.text[:3000]} {self.op.faults}"
        assert self.is_signed_in(), f"{page.url}: {page.text[:3000]}"


def register(consumer: Consumer, op: SuiteOp, *, provider_id: str = "") -> Any:
    """Make the client known to both sides, by what docs/conformance-run.md tells to enter; return the entry here."""
    from allauth.socialaccount.models import SocialApp

    client = op.client = Registration(
        redirect_uris=(consumer.address("login/callback", provider_id),),
        jwks_uri=consumer.address("jwks"),
    )
    return SocialApp.objects.create(
        provider="house",
        provider_id=provider_id,
        name="Suite",
        client_id=client.client_id,
        secret=client.client_secret,
        settings={"server_url": op.issuer, "scope": ["openid", "profile", "email", "offline_access"]},
    )
