"""Go on, or come back, after one's account here was closed: by any connector, an open session, or its tokens."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.test import Client

from consumer_site.calendar.upkeep import accounts_to_keep_up
from tests import factories
from tests.consumer import connector_journey
from tests.consumer.canned_server import CannedProvider
from tests.consumer.journey import Journey, is_signed_in, sign_in_as
from tests.consumer.logout import is_still_in
from tests.consumer.openid_provider import SUBJECT
from tests.consumer.qq_samples import CannedQQ

pytestmark = pytest.mark.django_db

CONNECTORS = ["house", "qq", "weixin", "github"]


@pytest.fixture
def all_four(journey: Journey, qq: CannedQQ, weixin: CannedProvider, github: CannedProvider) -> Journey:
    """Return a person's way at a site with every connector."""
    return journey


def come_in(journey: Journey, connector: str) -> Client:
    """Sign in by a connector in a new browser."""
    journey.visitor = connector_journey.visitor()
    if connector == "house":
        journey.sign_in()
    else:
        connector_journey.sign_in(journey.visitor, connector)
    return journey.visitor


def close_all() -> None:
    """Close everybody's account as a bulk update does: without any signal."""
    get_user_model().objects.update(is_active=False)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_closed_person_does_not_come_back(all_four: Journey, connector: str) -> None:
    assert is_signed_in(come_in(all_four, connector))
    close_all()
    assert not is_signed_in(come_in(all_four, connector))
    assert get_user_model().objects.count() == 1, "nor as somebody new"


@pytest.mark.parametrize("connector", CONNECTORS)
def test_open_session_of_a_closed_person_is_over(all_four: Journey, connector: str) -> None:
    browser = come_in(all_four, connector)
    assert is_still_in(browser)
    close_all()
    assert not is_still_in(browser)
    assert browser.post("/calendar/events/", {"title": "x", "day": "2026-05-01"}).status_code == 302


def test_provider_is_not_asked_about_a_closed_person(all_four: Journey) -> None:
    come_in(all_four, "house")
    assert list(accounts_to_keep_up())
    close_all()
    assert list(accounts_to_keep_up()) == []


def test_closed_person_connects_nothing_under_way(all_four: Journey) -> None:
    browser = come_in(all_four, "house")
    sent = connector_journey.begin(browser, "/accounts/github/login/", process="connect")[1]
    close_all()
    connector_journey.come_back(browser, "github", code=connector_journey.CODE, state=sent["state"][0])
    assert not SocialAccount.objects.filter(provider="github").exists()


def test_closed_account_is_not_poured_into_a_living_one(all_four: Journey, victim: Any) -> None:
    closed = factories.make_user("closed", is_active=False)
    SocialAccount.objects.create(user=closed, provider="house", uid=SUBJECT)
    sign_in_as(all_four.visitor, victim, recently=True)
    all_four.sign_in(form={"process": "connect"})
    page = all_four.visitor.get("/accounts/3rdparty/another/")
    for choice in ("move", "merge"):
        form = {"choice": choice, "shown": page.context["shown"]}
        assert all_four.visitor.post("/accounts/3rdparty/another/", form).status_code == 409
    assert SocialAccount.objects.get(uid=SUBJECT).user == closed


def test_account_that_was_disconnected_is_not_remembered(all_four: Journey) -> None:
    """Its person, should they come back, is somebody new, who sees nothing of what was there."""
    come_in(all_four, "house")
    before = SocialAccount.objects.get().user
    SocialAccount.objects.all().delete()
    come_in(all_four, "house")
    assert SocialAccount.objects.get().user != before
