"""OpenID Connect Core 4: initiating login from a third party, which is this site for an app's person."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.exceptions import ValidationError

from provider_site.models import Registration
from provider_site.services import facts, reviews
from tests import factories
from tests.provider.driver import ISSUER, Driver, Tokens

BEGIN = "https://app.example.com/begin?tenant=1"
HOME = "https://app.example.com/home"


class Links(HTMLParser):
    """The links of a page, by their address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "a" and known.get("href"):
            self.found[str(known["href"])] = known


@pytest.fixture
def tokens(driver: Driver) -> Tokens:
    Registration.objects.update(initiate_login_uri=BEGIN, homepage_url=HOME)
    return driver.tokens()


def opening(driver: Driver, *, own_page: bool = False) -> dict[str, dict[str, str | None]]:
    """Return the links to where a sign-in begins, on the list or on the app's own page."""
    address = f"/o/apps/{driver.application.pk}/" if own_page else "/o/apps/"
    answer = driver.browser.get(address)
    assert answer.status_code == 200
    links = Links(answer.content.decode()).found
    return {href: known for href, known in links.items() if urlsplit(href).path == "/begin"}


@pytest.mark.parametrize("own_page", [False, True], ids=["list", "own page"])
def test_link_carries_issuer_and_target(driver: Driver, tokens: Tokens, own_page: bool) -> None:
    """4: iss is required; target_link_uri is where the person wants to go. A GET does it."""
    ((href, link),) = opening(driver, own_page=own_page).items()
    parts = urlsplit(href)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://app.example.com/begin"
    assert parse_qsl(parts.query) == [("tenant", "1"), ("iss", ISSUER), ("target_link_uri", HOME)]
    assert link["referrerpolicy"] == "no-referrer"
    assert set(str(link["rel"]).split()) == {"noopener", "noreferrer"}


def test_nobody_is_named_to_the_application(driver: Driver, tokens: Tokens, user: Any) -> None:
    """4: login_hint is optional; an address is logged on its way, so it names nobody."""
    ((href, _link),) = opening(driver).items()
    assert "login_hint" not in href
    assert user.username not in href
    assert user.email not in href


def test_issuer_of_the_link_is_the_one_of_the_metadata(driver: Driver, tokens: Tokens) -> None:
    """4: the client finds out from iss which provider to ask."""
    metadata = driver.browser.get("/.well-known/openid-configuration").json()
    ((href, _link),) = opening(driver).items()
    assert dict(parse_qsl(urlsplit(href).query))["iss"] == metadata["issuer"]


@pytest.mark.parametrize("own_page", [False, True], ids=["list", "own page"])
def test_application_without_the_address_has_no_link(driver: Driver, tokens: Tokens, own_page: bool) -> None:
    """Registration 2: initiate_login_uri is optional."""
    Registration.objects.update(initiate_login_uri="")
    assert opening(driver, own_page=own_page) == {}


@pytest.mark.parametrize("own_page", [False, True], ids=["list", "own page"])
@pytest.mark.parametrize("status", ["draft", "submitted", "rejected", "suspended"])
def test_only_a_reviewed_address_is_linked(driver: Driver, tokens: Tokens, status: str, own_page: bool) -> None:
    """4: a client's addresses are no way to an open redirector; nobody has looked at these yet, or no longer."""
    Registration.objects.update(status=status)
    assert opening(driver, own_page=own_page) == {}


@pytest.mark.parametrize("address", ["http://app.example.com/begin", "http://127.0.0.1/begin"])
def test_address_in_clear_is_not_registered(db: None, settings: Any, address: str) -> None:
    """Registration 2: initiate_login_uri uses the https scheme."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": False}
    uris = ["https://app.example.com/callback", "http://127.0.0.1/callback"]
    with pytest.raises(ValidationError) as refused:
        factories.make_application(redirect_uris=uris, initiate_login_uri=address)
    assert list(refused.value.error_dict) == ["initiate_login_uri"]


def test_another_address_waits_for_review(driver: Driver, tokens: Tokens) -> None:
    """4: people go on being sent where a reviewer has looked."""
    known = facts.read(application=driver.application)
    asked = replace(known, initiate_login_uri="https://app.example.com/other")
    owner = driver.application.registration.owner
    assert reviews.change(application=driver.application, actor=owner, asked=asked) is reviews.Saved.WAITING
    assert len(opening(driver)) == 1
