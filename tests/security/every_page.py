"""Every address of the provider's host that a browser can open, filled in with what is there."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from provider_site.models import Consent, Session
from tests.provider.driver import ISSUER_HOST, Driver

URLCONF = "project.urls_provider"
# The admin has forms without number, all of one making; its entrance and one list stand for it.
ADMIN = ("/admin/", "/admin/login/", "/admin/logout/", "/admin/provider_site/consent/")


def routes() -> Iterator[tuple[str, Any]]:
    """Return the route and the view of every pattern with a plain path, but those of the admin."""
    yield from _walk(get_resolver(URLCONF), "/")


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue
        route = prefix + str(pattern.pattern._route)  # type: ignore[attr-defined]
        if route.startswith("/admin/"):
            continue
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        else:
            yield from _walk(pattern, route)


def filled(driver: Driver, *, handle: str = "unknown") -> list[str]:
    """Return each address once, with the driver's application, its person's consent and session, and `handle`."""
    consent, session = Consent.objects.order_by("-pk").first(), Session.objects.order_by("-created").first()
    known = {
        "application_id": str(driver.application.pk),
        "consent_id": str(consent.pk if consent else 1),
        "sid": str(session.sid if session else uuid4()),
        "handle": handle,
        "issuer_path": "tenant",
        "key": "unknown",
    }
    return [*dict.fromkeys(_fill(route, known) for route, _view in routes()), *ADMIN, "/nowhere/"]


def _fill(route: str, known: dict[str, str]) -> str:
    made = ""
    for part in route.replace(">", "<").split("<"):
        converter, colon, name = part.partition(":")
        if not colon and f"<{part}>" not in route:
            made += part
        else:
            default = {"uuid": str(uuid4()), "int": "1"}.get(converter, "unknown")
            made += known.get(name or converter, default)
    return made


def html(driver: Driver) -> dict[str, Any]:
    """Open every address as a person and as a stranger; return the answers that are pages, by who has opened what."""
    waiting = driver.authorize(prompt="consent")["Location"]
    handle = waiting.rstrip("/").rpartition("/")[2]
    stranger = Client(headers={"host": ISSUER_HOST}, raise_request_exception=False)
    found = {}
    for address in filled(driver, handle=handle):
        for who, browser in (("person", driver.browser), ("stranger", stranger)):
            answer = browser.get(address)
            if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.has_header("Location"):
                found[f"{who} at {address}"] = answer
    return found
