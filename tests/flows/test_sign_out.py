"""Signing out at the provider signs out of the calendar, and the other way round, over HTTP and both hosts."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from project import seeding
from provider_site.models import OutboxMessage
from provider_site.services import backchannel_logout, outbox
from tests.factories import make_user
from tests.flows.test_linking import Visitor, calendar_client, sign_in_at_the_calendar
from tests.servers import LiveSites

LOGOUT = ("post_logout_redirect_uris", "backchannel_logout_uri", "frontchannel_logout_uri")


@pytest.fixture
def signed_in(live_sites: LiveSites, settings: Any) -> Visitor:
    """Return a person at the calendar, which is registered as the demonstration's is."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "OUTBOUND_ALLOW_LOOPBACK_HTTP": True}
    calendar = next(seed for seed in seeding.client_seeds() if seed["key"] == "calendar")
    calendar_client(live_sites, **{name: calendar[name] for name in LOGOUT})
    return sign_in_at_the_calendar(live_sites, _person("xiaoming"))


def _person(name: str) -> Any:
    person = make_user(name)
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    return person


def is_at_the_calendar(visitor: Visitor, sites: LiveSites) -> bool:
    """Return whether the browser's next request finds it signed in."""
    visitor.open(f"{sites.consumer}/calendar/")
    return "/accounts/login/" not in visitor.response.url


def sign_out_at_the_provider(visitor: Visitor, sites: LiveSites) -> str:
    """Sign out by the provider's own page; return the page that tells the apps by frames."""
    visitor.open(f"{sites.provider}/accounts/logout/")
    visitor.send("csrfmiddlewaretoken")
    return str(visitor.response.text)


def frames_of(page: str) -> list[str]:
    return [html.unescape(address) for address in re.findall(r'<iframe[^>]*src="([^"]+)"', page)]


def test_sign_out_at_the_provider_is_told_from_server_to_server(signed_in: Visitor, live_sites: LiveSites) -> None:
    elsewhere = sign_in_at_the_calendar(live_sites, _person("alice"))
    sign_out_at_the_provider(signed_in, live_sites)
    assert is_at_the_calendar(signed_in, live_sites)
    outbox.deliver_due()
    assert not is_at_the_calendar(signed_in, live_sites)
    assert is_at_the_calendar(elsewhere, live_sites)


def test_sign_out_at_the_provider_is_told_by_a_frame_that_has_no_cookie(
    signed_in: Visitor, live_sites: LiveSites
) -> None:
    (address,) = frames_of(sign_out_at_the_provider(signed_in, live_sites))
    answer = requests.get(address, timeout=20)
    assert answer.status_code == 200
    assert f"frame-ancestors {live_sites.provider}" in answer.headers["Content-Security-Policy"]
    assert not is_at_the_calendar(signed_in, live_sites)


def test_sign_out_at_the_calendar_can_be_one_at_the_provider_too(signed_in: Visitor, live_sites: LiveSites) -> None:
    signed_in.open(f"{live_sites.consumer}/accounts/logout/")
    signed_in.send('value="provider"', where="provider")
    assert signed_in.response.url.startswith(live_sites.provider)
    # The provider's page goes on by itself, when its frames are loaded.
    back = re.search(r'<a id="go-on"[^>]*href="([^"]+)"', signed_in.response.text)
    assert back is not None, signed_in.response.text
    signed_in.open(html.unescape(back[1]))
    assert "You are signed out here and at" in signed_in.response.text
    assert not is_at_the_calendar(signed_in, live_sites)
    signed_in.open(f"{live_sites.provider}/o/apps/")
    assert "/accounts/login/" in signed_in.response.url


def test_sign_out_at_the_calendar_alone_leaves_the_provider_s(signed_in: Visitor, live_sites: LiveSites) -> None:
    signed_in.open(f"{live_sites.consumer}/accounts/logout/")
    signed_in.send('value="here"', where="here")
    assert not is_at_the_calendar(signed_in, live_sites)
    signed_in.open(f"{live_sites.provider}/o/apps/")
    assert "/accounts/login/" not in signed_in.response.url
    assert not OutboxMessage.objects.filter(kind=backchannel_logout.KIND).exists()


def test_demonstration_registers_the_addresses_and_moves_them_with_the_port(
    db: None, tmp_path: Path, settings: Any
) -> None:
    from provider_site.services.applications import application_model

    settings.DEBUG, settings.VAR_DIR = True, tmp_path
    for port in (8000, 8765):
        settings.CONSUMER_URL, settings.PROVIDER_URL = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        seeding.seed(path=tmp_path / "demo.json")
        calendar = application_model().objects.get(client_id="zhaoxi-calendar")
        base = f"http://127.0.0.1:{port}/accounts/house/logout"
        assert calendar.post_logout_redirect_uris == f"{base}/done/"
        assert calendar.registration.backchannel_logout_uri == f"{base}/backchannel/"
        assert calendar.registration.frontchannel_logout_uri == f"{base}/frontchannel/"
