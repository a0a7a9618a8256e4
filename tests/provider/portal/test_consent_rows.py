"""What a row of the consent page says of a scope whose time is over, and the way back from a form sent twice."""

from datetime import timedelta

from django.utils import timezone

from provider_site.models import Consent, Registration
from tests.provider.driver import Driver
from tests.provider.portal.consent_pages import ask, reason, row, words

NICKNAME = "See your nickname"


def test_row_whose_time_is_over_is_not_new(driver: Driver) -> None:
    driver.code()
    consent = Consent.objects.get()
    consent.terms["nickname"]["ends_at"] = (timezone.now() - timedelta(days=1)).isoformat()
    consent.save(update_fields=["terms"])
    _address, page = ask(driver)
    assert NICKNAME in reason(page)
    assert "New" not in row(page, NICKNAME)
    assert "Already allowed" not in row(page, NICKNAME)


def test_form_sent_again_says_that_it_is_over_and_offers_the_way_back(driver: Driver) -> None:
    Registration.objects.update(homepage_url="https://app.example.com/")
    address, _page = ask(driver)
    sent = {"decision": "allow", "duration": "30", "scope": ["nickname"]}
    assert driver.browser.post(address, sent).status_code == 303
    again = driver.browser.post(address, sent)
    assert again.status_code == 410
    assert 'href="https://app.example.com/"' in again.content.decode()
    assert "This sign-in request has expired" in words(again.content.decode())
