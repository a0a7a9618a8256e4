"""The endpoints and lists that are measured, each through its public address."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from provider_site.models import SigningKey
from tests import factories
from tests.provider.admin.office import enter, page_of
from tests.provider.driver import Driver, plant_signing_key

Visit = Callable[[], Any]


class Visitor:
    """A person who uses an application, the application itself, and a member of staff, among the crowd."""

    def __init__(self, name: str = "measured") -> None:
        if not SigningKey.objects.exists():
            plant_signing_key()
        self.person = factories.make_user(name)
        registered = factories.make_application(self.person)
        self.driver = Driver(registered, self.person)
        machine = factories.make_application(
            self.person, authorization_grant_type="client-credentials", scopes={"openid": False}
        )
        self.machine = Driver(machine)
        self.resource_server = Driver(factories.make_resource_server(scope="nickname openid", owner=self.person))
        self.office: Client = enter(factories.make_staff(f"{name}-staff"))
        self.code = self.driver.code()
        self.tokens = self.driver.redeem(self.code)

    def _answered(self, status: int, expected: int) -> None:
        assert status == expected, status

    def client_credentials(self) -> None:
        """Get a machine's token."""
        self._answered(self.machine.token(grant_type="client_credentials").status, 200)

    def authorize(self) -> None:
        """Send a request that is granted without a page."""
        answer = self.driver.authorize()
        self._answered(answer.status_code, 302)
        self.code = answer["Location"].split("code=")[1].split("&")[0]

    def exchange(self) -> None:
        """Exchange the code of the last request."""
        self.tokens = self.driver.redeem(self.code)
        self._answered(self.tokens.status, 200)

    def refresh(self) -> None:
        """Use the last refresh token."""
        self.tokens = self.driver.refresh(self.tokens.refresh)
        self._answered(self.tokens.status, 200)

    def introspection(self) -> None:
        """Ask about the last access token, as a resource server."""
        assert self.resource_server.introspect(self.tokens.access)["active"]

    def userinfo(self) -> None:
        """Ask userinfo."""
        self._answered(self.driver.userinfo(self.tokens.access).status_code, 200)

    def hot(self) -> Iterator[tuple[str, Visit]]:
        """Give the endpoints, in the order in which each uses what the last one made."""
        yield "client_credentials", self.client_credentials
        yield "authorize", self.authorize
        yield "code exchange", self.exchange
        yield "refresh", self.refresh
        yield "introspection", self.introspection
        yield "userinfo", self.userinfo

    def page(self, browser: Client, address: str) -> Visit:
        """Return a visit to a page."""

        def visit() -> Any:
            answer = browser.get(address)
            self._answered(answer.status_code, 200)
            return answer

        return visit

    def people(self) -> Iterator[tuple[str, Visit]]:
        """Give a person's and a developer's pages."""
        pages = {
            "connected apps": reverse("provider_site:connected-apps"),
            "one connected app": reverse("provider_site:connected-app", args=[self.driver.application.pk]),
            "sessions": reverse("provider_site:sessions"),
            "developer's applications": reverse("provider_site:developer-applications"),
        }
        for name, address in pages.items():
            yield name, self.page(self.driver.browser, address)

    def lists(self) -> Iterator[tuple[str, Visit]]:
        """Give every list of the admin."""
        for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
            if model._meta.object_name != "SocialApp":  # leads to another list
                yield f"admin: {model._meta.label}", self.page(self.office, page_of(model))
