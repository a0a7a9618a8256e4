"""What people are shown about an application that was switched off, or that nobody has looked at."""

from typing import Any

import pytest

from provider_site.models import Registration
from provider_site.services import reviews
from tests import factories
from tests.provider.driver import Driver, plant_signing_key

REASON = "First line <i>one</i>\nand \u202eanother"


@pytest.fixture
def suspended(driver: Driver) -> Driver:
    """Return an application somebody uses, switched off."""
    Registration.objects.update(homepage_url="https://app.example.com/")
    driver.tokens()
    reviews.suspend(application=driver.application, actor=None, reason=REASON)
    return driver


def test_error_page_names_the_application_and_the_reason(suspended: Driver) -> None:
    answer = suspended.authorize()
    text = answer.content.decode()
    assert answer.status_code == 403
    assert f"<bdi>{suspended.application.name}</bdi>" in text
    assert "<bdi>First line &lt;i&gt;one&lt;/i&gt;<br>and \u202eanother</bdi>" in text
    assert "https://app.example.com" not in text
    assert answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


def test_card_says_so_and_why_and_lets_the_person_withdraw(suspended: Driver) -> None:
    text = suspended.browser.get("/o/apps/").content.decode()
    assert ">Suspended</span>" in text
    assert "it sees nothing of you at present" in text
    assert "<bdi>First line &lt;i&gt;one&lt;/i&gt;<br>and \u202eanother</bdi>" in text
    assert f"/o/apps/{suspended.application.pk}/withdraw/" in text


@pytest.mark.parametrize("status", ["draft", "submitted", "approved", "rejected"])
def test_card_of_any_other_state_says_nothing_of_it(suspended: Driver, status: str) -> None:
    Registration.objects.update(status=status)
    text = suspended.browser.get("/o/apps/").content.decode()
    assert "Suspended" not in text
    assert "First line" not in text


def test_one_card_takes_no_words_from_the_other(suspended: Driver, user: Any) -> None:
    other = Driver(factories.make_application(name="Other"), user)
    other.tokens()
    text = suspended.browser.get("/o/apps/").content.decode()
    assert text.count(">Suspended</span>") == 1
    assert text.count("First line") == 1


@pytest.mark.parametrize(("status", "leads_back"), [("approved", True), ("draft", False), ("rejected", False)])
def test_only_a_reviewed_address_is_behind_a_button_of_ours(user: Any, status: str, leads_back: bool) -> None:
    plant_signing_key()
    registered = factories.make_application(status="approved", homepage_url="https://app.example.com/")
    driver = Driver(registered, user)
    page = driver.authorize()["Location"]
    driver.browser.post(page, {"decision": "deny"})
    Registration.objects.update(status=status)
    text = driver.browser.get(page).content.decode()
    assert ("https://app.example.com/" in text) is leads_back
