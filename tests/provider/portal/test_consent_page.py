"""What a decision on the consent page records, and what becomes of a page that got old or a form sent twice."""

import re
from datetime import timedelta

from provider_site.models import Consent, Registration
from provider_site.services import consents, profiles
from provider_site.storage import consented
from tests import factories
from tests.provider.driver import Driver, query
from tests.provider.portal import consent_pages
from tests.provider.portal.consent_pages import ask, duration, ticked, words


def test_decision_about_something_new_leaves_the_terms_of_the_rest(driver: Driver) -> None:
    driver.consent(driver.authorize(scope="openid nickname"), scopes=["nickname"], duration="1")
    before = consented.terms(Consent.objects.get())
    driver.consent(driver.authorize(scope="openid nickname avatar"), scopes=["nickname", "avatar"], duration="365")
    after = consented.terms(Consent.objects.get())
    assert {name: after[name] for name in ("openid", "nickname")} == before
    assert after["avatar"].ends_at - after["avatar"].given_at == timedelta(days=365)


def test_decision_the_app_asked_for_again_reaches_everything(driver: Driver) -> None:
    driver.consent(driver.authorize(), scopes=["nickname"], duration="1")
    driver.consent(driver.authorize(prompt="consent"), scopes=["nickname"], duration="365")
    terms = consented.terms(Consent.objects.get())
    assert {(term.ends_at - term.given_at).days for term in terms.values()} == {365}


def test_known_scope_that_comes_back_unticked_is_declined(driver: Driver) -> None:
    driver.code(scope="openid nickname", scopes=["nickname"])
    driver.consent(driver.authorize(scope="openid nickname avatar"), scopes=["avatar"])
    consent = Consent.objects.get()
    assert (consent.scope, consent.declined_scope) == ("openid avatar", "nickname")


def test_altered_form_keeps_what_the_person_had_chosen(driver: Driver) -> None:
    profiles.set_nickname(user=factories.make_user(), nickname="x")
    address, _page = ask(driver)
    sent = {"scope": ["nickname", "unheard-of"], "duration": "365", "decision": "allow"}
    answer = driver.browser.post(address, sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Nothing was saved." in consent_pages.words(page)
    assert (ticked(page), duration(page)) == ({"nickname"}, "365")
    assert not Consent.objects.exists()


def test_form_sent_twice_decides_once(driver: Driver) -> None:
    address, _page = ask(driver)
    sent = {"scope": ["nickname"], "duration": "1", "decision": "allow"}
    assert driver.browser.post(address, sent).status_code == 303
    assert driver.browser.post(address, sent | {"duration": "365"}).status_code == 410
    assert Consent.objects.get().duration == "1"
    assert driver.browser.get(address).status_code == 410


def test_form_sent_again_says_that_it_is_over_and_offers_the_way_back(driver: Driver) -> None:
    Registration.objects.update(homepage_url="https://app.example.com/")
    address, _page = ask(driver)
    sent = {"decision": "allow", "duration": "30", "scope": ["nickname"]}
    assert driver.browser.post(address, sent).status_code == 303
    again = driver.browser.post(address, sent)
    assert again.status_code == 410
    assert 'href="https://app.example.com/"' in again.content.decode()
    assert "This sign-in request has expired" in words(again.content.decode())


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_page_that_got_old_is_shown_again_instead_of_decided(driver: Driver) -> None:
    """What it showed as allowed already was taken back in another tab: the old form would grant it anew."""
    driver.code(scopes=["nickname"])
    address, page = ask(driver, scope="openid nickname avatar")
    consents.narrow(user=Consent.objects.get().user, application=driver.application, scopes=["nickname"])
    sent = {"decision": "allow", "duration": "30", "scope": ["nickname", "avatar"]}
    answer = driver.browser.post(address, sent | {"seen": seen(page)})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "changed while the page was open" in text
    assert "nickname" not in ticked(text)
    assert Consent.objects.get().scope == "openid"
    answer = driver.browser.post(address, sent | {"scope": ["avatar"], "seen": seen(text)})
    assert answer.status_code == 303
    assert Consent.objects.get().scope == "openid avatar"


def test_denial_counts_whatever_else_has_changed_or_is_wrong(driver: Driver) -> None:
    driver.code(scopes=["nickname"])
    address, page = ask(driver, scope="openid nickname avatar")
    Registration.objects.update(max_consent_days=5)
    sent = {"decision": "deny", "duration": "30", "scope": "nickname", "seen": seen(page)}
    answer = driver.browser.post(address, sent)
    assert query(driver.browser.get(answer["Location"]))["error"] == "access_denied"


def test_page_says_that_a_denial_leaves_what_was_allowed_before(driver: Driver) -> None:
    text = "If you deny, the app keeps what you allowed it before."
    assert text not in ask(driver)[1]
    driver.code()
    _address, page = ask(driver, scope="openid nickname avatar")
    assert text in page
    answer = driver.consent(driver.authorize(prompt="consent"), decision="deny")
    assert query(answer)["error"] == "access_denied"
    assert Consent.objects.get().closed_at is None
