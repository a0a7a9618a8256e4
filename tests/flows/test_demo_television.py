"""The demonstration's television: a device of the calendar that is signed in from another screen, over real HTTP."""

import re
import time
from xml.etree import ElementTree as ET

import pytest
import requests
from django.test import Client

from project import seeding, television
from provider_site.conf import provider_settings
from provider_site.models import DeviceAuthorization
from provider_site.services import profiles
from tests import factories
from tests.provider.device import GRANT, Device
from tests.provider.driver import plant_signing_key
from tests.servers import LiveSites


class Clock:
    """The page's own clock, which goes forward when it is told to."""

    def __init__(self) -> None:
        self.ahead = 0

    def time(self) -> float:
        return time.time() + self.ahead


class Television:
    """A browser that shows the page, and nothing else."""

    def __init__(self, sites: LiveSites, clock: Clock) -> None:
        self.clock = clock
        self.address, self.session = f"{sites.consumer}/tv/", requests.Session()
        self.page = self.look()

    def look(self) -> str:
        """Load the page as if the time between two polls had passed."""
        self.clock.ahead += 60
        DeviceAuthorization.objects.update(last_polled_at=None)
        answer = self.session.get(self.address, timeout=10)
        assert answer.status_code == 200, answer.text
        self.page = " ".join(answer.text.split())
        return self.page

    def press(self, button: str) -> str:
        """Press a button."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1]}
        answer = self.session.post(f"{self.address}{button}/", form, headers={"Origin": self.address[:-4]}, timeout=10)
        assert answer.status_code == 200, answer.text
        self.page = " ".join(answer.text.split())
        return self.page


@pytest.fixture
def tv(live_sites: LiveSites, monkeypatch: pytest.MonkeyPatch) -> Television:
    """Return the television of a seeded demonstration."""
    plant_signing_key()
    registered = next(seed for seed in seeding.client_seeds() if seed["key"] == "television")
    facts = {name: value for name, value in registered.items() if name != "key"}
    factories.make_application(**facts)
    clock = Clock()
    monkeypatch.setattr(television, "time", clock)
    return Television(live_sites, clock)


def decide(tv: Television, decision: str) -> None:
    """Decide as a person does at another screen, with Django's test client on the same database."""
    code = re.search(r'television-code"><bdi>([^<]+)', tv.page)
    assert code is not None
    person = factories.make_user()
    profiles.set_nickname(user=person, nickname="小明 <b>")
    other_screen = Device.__new__(Device)
    other_screen.begun = {"user_code": code[1]}
    other_screen.browser = Client(headers={"host": provider_settings.issuer.partition("//")[2]})
    other_screen.browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    other_screen.decide(decision=decision, scopes=["nickname"])


def test_seed_is_the_television(db: None) -> None:
    seed = next(seed for seed in seeding.client_seeds() if seed["key"] == "television")
    assert seed["client_id"] == television.CLIENT_ID
    assert seed["scopes"] == television.SCOPES
    assert seed["authorization_grant_type"] == GRANT


def test_person_is_greeted_after_they_allowed_it_elsewhere(tv: Television) -> None:
    assert "shows a code that you enter on another screen" in tv.page
    page = tv.press("begin")
    assert re.search(r"<bdi>[B-Z]{4}-[B-Z]{4}</bdi>", page)
    assert "Waiting for you" in tv.look()
    decide(tv, "allow")
    assert "Hello, <bdi>小明 &lt;b&gt;</bdi>" in tv.look()
    assert tv.session.get(f"{tv.address}phase/", timeout=10).json() == {"phase": "on"}
    assert "shows a code that you enter on another screen" in tv.press("off")


def test_refusal_is_told(tv: Television) -> None:
    tv.press("begin")
    decide(tv, "deny")
    assert "You refused on the other screen." in tv.look()


def test_code_that_is_over_is_told_with_the_way_to_another(tv: Television) -> None:
    tv.press("begin")
    DeviceAuthorization.objects.update(expires_at=DeviceAuthorization.objects.get().created)
    assert "The code is over." in tv.look()
    assert "Waiting for you" in tv.press("begin")


def test_picture_is_a_code_without_style_or_script(tv: Television) -> None:
    page = tv.press("begin")
    drawn = re.search(r"<svg.*?</svg>", page)
    assert drawn is not None
    root = ET.fromstring(drawn[0])
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "path"}
    assert not any("style" in element.attrib for element in root.iter())


def test_provider_that_does_not_know_the_television_is_told_of(live_sites: LiveSites) -> None:
    tv = Television(live_sites, Clock())
    assert "gave no answer that this television understands" in tv.press("begin")


def test_secrets_stay_on_the_server(tv: Television) -> None:
    page = tv.press("begin")
    assert "osdc_" not in page + repr(tv.session.cookies.get_dict())


def test_other_browser_sees_nothing_of_it(tv: Television, live_sites: LiveSites) -> None:
    tv.press("begin")
    assert "Waiting for you" not in Television(live_sites, tv.clock).page
