"""Send a person on to another site: after signing in, connecting, failing, signing out, switching the language."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from tests.consumer.journey import HOST, LOGIN, Journey, query_of, sign_in_as
from tests.consumer.openid_provider import SUBJECT
from tests.consumer.qq_samples import CannedQQ
from tests.security.consumer import qq_journey

pytestmark = pytest.mark.django_db

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "http:///evil.example",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\x00//evil.example",
    "\x08//evil.example",
    "http://127.0.0.1:8000@evil.example/",
    "http://127.0.0.1:8000.evil.example/",
    "http://127.0.0.1:8000\\@evil.example/",
    "http://127.0.0.1:8001/",
    "http://localhost:8000/o/apps/",
    "ftp://127.0.0.1:8000/",
    "http://[::1",
    "https://①②⑦.0.0.1/",
    "//evil。example",
]


def assert_stays(address: str) -> None:
    """Check that a browser on the consumer's host stays there."""
    parts = urlsplit(address)
    assert parts.netloc in {"", HOST}, address
    assert parts.scheme in {"", "http"}, address
    assert parts.path.startswith("/"), address
    assert not re.match(r"[/\\]{2}|/[\\\t\r\n]", address), address


def hidden_next(answer: Any) -> list[str]:
    """Return where the page's forms would lead on."""
    return [html.unescape(found) for found in re.findall(r'name="next" value="([^"]*)"', answer.content.decode())]


@pytest.mark.parametrize("wanted", ELSEWHERE)
class TestNext:
    def test_after_the_sign_in(self, journey: Journey, wanted: str) -> None:
        assert_stays(journey.sign_in(form={"next": wanted})["Location"])

    def test_after_the_sign_in_at_qq(self, qq: CannedQQ, visitor: Client, wanted: str) -> None:
        assert_stays(qq_journey.sign_in(visitor, next=wanted)["Location"])

    def test_after_connecting_and_failing_to(self, journey: Journey, victim: Any, wanted: str) -> None:
        sign_in_as(journey.visitor, victim, recently=True)
        form = {"next": wanted, "process": "connect"}
        assert_stays(journey.sign_in(form=form)["Location"])
        other = SocialAccount.objects.get(uid=SUBJECT)
        other.user = type(victim).objects.create(username="another")
        other.save()
        assert_stays(journey.sign_in(form=form)["Location"])

    @pytest.mark.parametrize("process", ["login", "connect"])
    def test_after_an_error(self, journey: Journey, wanted: str, process: str) -> None:
        answer = journey.sign_in(error="access_denied", form={"next": wanted, "process": process})
        assert answer.status_code == 403
        for address in hidden_next(answer):
            assert_stays(address)

    @pytest.mark.parametrize("process", ["connect", "bogus"])
    def test_from_the_address_instead_of_the_form(self, journey: Journey, wanted: str, process: str) -> None:
        answer = journey.visitor.post(LOGIN, query_params={"next": wanted, "process": process})
        assert_stays(journey.come_back(journey.house.authorize(answer["Location"]))["Location"])

    def test_on_the_sign_in_page(self, house_entry: Any, visitor: Client, victim: Any, wanted: str) -> None:
        for address in hidden_next(visitor.get("/accounts/login/", {"next": wanted})):
            assert_stays(address)
        sign_in_as(visitor, victim)
        assert_stays(visitor.get("/accounts/login/", {"next": wanted})["Location"])

    def test_after_the_sign_out_and_the_language_switch(self, visitor: Client, victim: Any, wanted: str) -> None:
        answer = visitor.post("/i18n/setlang/", {"language": "en", "next": wanted}, headers={"referer": wanted})
        assert_stays(answer["Location"])
        sign_in_as(visitor, victim)
        assert_stays(visitor.post("/accounts/logout/", {"next": wanted}, query_params={"next": wanted})["Location"])


@pytest.mark.parametrize("wanted", ["http://localhost:8000/o/apps/", "https://evil.example/"])
def test_state_of_a_connector_that_checks_nothing_is_checked_at_the_end(journey: Journey, wanted: str) -> None:
    address = journey.leave()
    session = journey.visitor.session
    session["socialaccount_states"][query_of(address)["state"]][0]["next"] = wanted
    session.save()
    assert_stays(journey.come_back(journey.house.authorize(address))["Location"])


@pytest.mark.parametrize("path", ["///evil.example", "/%2Fevil.example", "/%5Cevil.example"])
def test_path_that_looks_like_another_site_leads_nowhere(visitor: Client, db: None, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert "Location" not in answer
    for address in hidden_next(answer):
        assert_stays(address)


@pytest.mark.parametrize("name", ["redirect_uri", "callback_url", "auth_params", "state", "client_id", "scope"])
def test_person_does_not_choose_where_the_provider_answers(journey: Journey, name: str) -> None:
    wanted = "redirect_uri=https://evil.example/&state=fixed-by-the-attacker"
    answer = journey.visitor.post(LOGIN, {name: wanted}, query_params={name: wanted})
    query = query_of(answer["Location"])
    assert query["redirect_uri"] == f"http://{HOST}/accounts/house/login/callback/"
    assert "evil.example" not in answer["Location"]
