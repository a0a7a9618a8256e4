"""portal/consent.py and consent_page.py: why the page asks, what it shows, and what a decision on it records."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from provider_site.models import ApplicationScope, Consent, Registration
from provider_site.policy import scopes as scope_policy
from provider_site.services import consents, facts, profiles
from provider_site.storage import consented
from tests import factories
from tests.provider.driver import Driver, query
from tests.provider.portal import consent_pages
from tests.provider.portal.consent_pages import ask, duration, part, reason, row, ticked

NICKNAME, AVATAR, EMAIL = "See your nickname", "See your avatar", "See your e-mail address"


def day(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def change_facts(driver: Driver, **changes: Any) -> None:
    known = facts.read(application=driver.application)
    facts.write(application=driver.application, facts=type(known).from_json(known.to_json() | changes))


def age(driver: Driver, **fields: Any) -> Consent:
    """Let the consent be as given 100 days ago, its terms those of the whole."""
    given_at = timezone.now() - timedelta(days=100)
    Consent.objects.update(**({"given_at": given_at, "terms": {}} | fields))
    return Consent.objects.get(application=driver.application)


# --- Why it asks -----------------------------------------------------------------------------------------------------


def withdrawn(driver: Driver) -> list[str]:
    driver.code()
    consents.withdraw(user=Consent.objects.get().user, application=driver.application)
    closed_at = timezone.now() - timedelta(days=3)
    Consent.objects.update(closed_at=closed_at)
    return ["You took back", day(closed_at)]


def ended(driver: Driver) -> list[str]:
    driver.code()
    consent = age(driver, ends_at=timezone.now() - timedelta(days=70))
    return ["was over on", day(consent.ends_at)]


def closed_as_ended(driver: Driver) -> list[str]:
    driver.code()
    consent = age(driver, ends_at=timezone.now() - timedelta(days=70))
    consents.close(consent=consent, reason=Consent.ClosedReason.ENDED)
    return ["was over on", day(consent.ends_at)]


def unused(driver: Driver) -> list[str]:
    driver.code()
    consents.close(consent=Consent.objects.get(), reason=Consent.ClosedReason.UNUSED)
    return ["did not use for long", day(timezone.now())]


def facts_changed(driver: Driver) -> list[str]:
    driver.code()
    name = driver.application.name
    change_facts(driver, name="Другое имя", redirect_uris=[driver.redirect_uri, "https://new.example.net/callback"])
    return [
        "has changed since you last allowed it something",
        f"Name before: {name} now: Другое имя",
        "It may now send you to now: https:// new.example.net",
    ]


def wording_changed(driver: Driver) -> list[str]:
    driver.code()
    age(driver, wording_version="0", ends_at=None)
    return ["it now means something else:", NICKNAME]


def new_scope(driver: Driver) -> list[str]:
    driver.code(scope="openid offline_access", scopes=["offline_access"])
    return ["asks for something new", "stays as it is"]


def once(driver: Driver) -> list[str]:
    driver.consent(driver.authorize(), scopes=["nickname"], duration="once")
    return ["only once", NICKNAME]


def required_declined(driver: Driver) -> list[str]:
    driver.code(scopes=["offline_access"])
    ApplicationScope.objects.filter(scope="nickname").update(required=True)
    return ["cannot sign you in without this", NICKNAME]


def all_declined(driver: Driver) -> list[str]:
    driver.consent(driver.authorize(scope="nickname offline_access"), scopes=[])
    return ["declined everything", "You may do so again"]


def never_asked(driver: Driver) -> list[str]:
    Registration.objects.update(first_party=True)
    assert "code" in query(driver.authorize())
    Registration.objects.update(first_party=False)
    return ["From now on, you decide"]


REASONS: list[tuple[Callable[[Driver], list[str]], str]] = [
    (withdrawn, ""),
    (ended, ""),
    (closed_as_ended, ""),
    (unused, ""),
    (facts_changed, ""),
    (wording_changed, ""),
    (new_scope, ""),
    (once, ""),
    (required_declined, ""),
    (all_declined, "nickname offline_access"),
    (never_asked, ""),
]


@pytest.mark.parametrize(("arrange", "scope"), REASONS, ids=lambda value: getattr(value, "__name__", ""))
def test_page_says_why_it_asks(driver: Driver, arrange: Callable[[Driver], list[str]], scope: str) -> None:
    expected = arrange(driver)
    _address, page = ask(driver, **({"scope": scope} if scope else {}))
    for text in expected:
        assert text in reason(page), (text, reason(page))


@pytest.mark.parametrize(
    ("prompt", "text"), [("consent", "wants you to look at this again"), ("select_account", "with which account")]
)
def test_page_says_what_the_app_asked_for_outright(driver: Driver, prompt: str, text: str) -> None:
    driver.code()
    assert text in reason(ask(driver, prompt=prompt)[1])


def test_page_of_the_first_time_needs_no_reason(driver: Driver) -> None:
    _address, page = ask(driver)
    assert reason(page) == ""
    assert "badge-new" not in page
    assert "badge-known" not in page


def test_program_on_the_device_is_asked_about_with_its_reason(user: Any, driver: Driver) -> None:
    uri = "http://127.0.0.1/callback"
    native = Driver(factories.make_application(client_type="public", redirect_uris=[uri]), user, redirect_uri=uri)
    native.code()
    assert "another program could pretend to be it" in reason(ask(native)[1])


def test_sensitive_scope_is_named_and_comes_unticked(driver: Driver, settings: Any) -> None:
    texts = {"title": "Read your diary", "sensitive": True, "writes": True}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {"diary": texts}}
    change_facts(driver, scopes={name: {"required": False} for name in ("openid", "nickname", "diary")})
    asked = "openid nickname diary"
    driver.consent(driver.authorize(scope=asked), scopes=["nickname", "diary"])
    _address, page = ask(driver, scope=asked)
    assert reason(page) == "We ask about this at each sign-in: Read your diary"
    assert ticked(page) == {"nickname"}
    assert "May change something Asked each time" in row(page, "Read your diary")
    assert "Only reads" in row(page, NICKNAME)
    assert "Only reads" not in row(page, "Know that it is you")


def test_changes_are_told_whatever_the_reason(driver: Driver) -> None:
    driver.code()
    change_facts(driver, privacy_policy_url="https://app.example.com/new-privacy")
    consents.withdraw(user=Consent.objects.get().user, application=driver.application)
    text = reason(ask(driver)[1])
    assert "You took back" in text
    assert "Privacy policy now: https:// app.example.com /new-privacy" in text


def test_host_that_changed_stands_out(driver: Driver) -> None:
    driver.code()
    change_facts(driver, homepage_url="https://elsewhere.example/page")
    assert "https://<strong>elsewhere.example</strong>/page" in ask(driver)[1]


def test_names_cannot_write_markup(driver: Driver) -> None:
    driver.code()
    change_facts(driver, name="<script>alert(1)</script>")
    ApplicationScope.objects.filter(scope="nickname").update(justification="<b>\u202eevil</b>")
    page = ask(driver)[1]
    assert "<script>alert" not in page
    assert "<b>" not in page


# --- What it shows ---------------------------------------------------------------------------------------------------


def test_row_says_what_the_app_claims_it_needs_it_for(driver: Driver) -> None:
    ApplicationScope.objects.filter(scope="nickname").update(justification="To greet you.")
    page = ask(driver)[1]
    assert "The app says: To greet you." in row(page, NICKNAME)
    assert "The app says" not in row(page, "Keep this access while you are away")


def test_known_row_says_until_when_and_new_row_that_it_is_new(driver: Driver) -> None:
    driver.code(scope="openid nickname", scopes=["nickname"])
    ends_at = consented.end(Consent.objects.get(), driver.application.registration)
    page = ask(driver, scope="openid nickname avatar")[1]
    assert f"Already allowed The name you chose to show. You allowed this until {day(ends_at)}" in row(page, NICKNAME)
    assert "New" in row(page, AVATAR)
    assert "This is only about what you allow anew." in part(page, "durations")


def test_row_that_nobody_was_asked_about_does_not_say_that_the_person_allowed_it(driver: Driver) -> None:
    Registration.objects.update(first_party=True)
    assert "code" in query(driver.authorize())
    found = row(ask(driver, prompt="consent")[1], NICKNAME)
    assert "It has this already" in found
    assert "decided that the app has this, until" in found
    assert "llowed" not in found


def test_declined_row_is_neither_known_nor_new(driver: Driver) -> None:
    driver.code(scopes=["offline_access"])
    found = row(ask(driver, prompt="consent")[1], NICKNAME)
    assert "New" not in found
    assert "Already allowed" not in found


def test_what_the_app_has_beside_is_listed(driver: Driver) -> None:
    driver.consent(driver.authorize(), scopes=["nickname", "offline_access"], duration="until-withdrawn")
    page = ask(driver, scope="openid avatar")[1]
    held = part(page, "already-held")
    assert "See your nickname until you withdraw it" in held
    assert "Keep this access while you are away until you withdraw it" in held
    assert "Know that it is you" not in held
    assert part(ask(driver, prompt="consent")[1], "already-held") == ""


@pytest.mark.parametrize(
    ("subject_type", "text"),
    [
        ("public", "Every app on this site knows you by the same number."),
        ("pairwise", "Apps of other makers get another number."),
        ("legacy", "It is the number of your account on this site."),
    ],
)
def test_number_for_the_person_is_explained(driver: Driver, subject_type: str, text: str) -> None:
    Registration.objects.update(subject_type=subject_type, sector_identifier="app.example.com")
    assert text in row(ask(driver)[1], "Know that it is you")


@pytest.mark.parametrize(
    ("own", "site", "text"),
    [
        (90, None, "At most 90 days: a rule for this app."),
        (90, 200, "At most 90 days: a rule for this app."),
        (None, 90, "At most 90 days: a rule of"),
        (200, 90, "At most 90 days: a rule of"),
        (1, None, "At most 1 day: a rule for this app."),
        (None, None, ""),
    ],
)
def test_bound_of_the_duration_is_told_with_whose_rule_it_is(
    driver: Driver, settings: Any, own: int | None, site: int | None, text: str
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"MAX_CONSENT_DAYS": site}
    Registration.objects.update(max_consent_days=own)
    found = part(ask(driver)[1], "durations")
    assert text in found
    assert ("At most" in found.replace("1 hour at most", "")) is bool(text)
    assert ("1 year" in found) is not bool(text)


def test_once_is_explained(driver: Driver, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"CONSENT_ONCE_SECONDS": 1800}
    assert "lasts for this sign-in, 30 minutes at most" in part(ask(driver)[1], "durations")


def test_duration_chosen_before_comes_selected_while_it_is_offered(driver: Driver) -> None:
    assert duration(ask(driver)[1]) == "30"
    driver.consent(driver.authorize(), scopes=["nickname"], duration="365")
    assert duration(ask(driver, prompt="consent")[1]) == "365"
    Registration.objects.update(max_consent_days=90)
    assert duration(ask(driver, prompt="consent")[1]) == "30"
    consents.withdraw(user=Consent.objects.get().user, application=driver.application)
    Registration.objects.update(max_consent_days=None)
    assert duration(ask(driver)[1]) == "30"


def test_sixty_scopes_without_any_value_are_shown(driver: Driver, settings: Any) -> None:
    own = {f"scope:{number}": {"title": f"Scope {number}", "claims": ("nickname",)} for number in range(54)}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": own}
    names = [*(scope.name for scope in scope_policy.catalog().values() if scope.name != "unionid")]
    change_facts(driver, scopes={name: {"required": name == "openid"} for name in names})
    page = ask(driver, scope=" ".join(names))[1]
    assert page.count('<li class="scope') == len(names) == 60
    assert "has given us no privacy policy" in page


# --- What a decision records -----------------------------------------------------------------------------------------


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


# --- A page that got old ---------------------------------------------------------------------------------------------


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


def test_another_maker_is_a_reason_to_ask(driver: Driver) -> None:
    driver.code()
    assert "code" in query(driver.authorize())
    buyer = factories.make_user("buyer")
    Registration.objects.update(owner=buyer)
    _address, page = ask(driver)
    assert "Maker" in reason(page)
    assert "buyer" in reason(page)


def test_consent_that_an_administrator_ended_is_not_said_to_be_taken_back(driver: Driver) -> None:
    driver.code()
    consents.close(consent=Consent.objects.get(), reason=Consent.ClosedReason.ADMINISTRATOR)
    _address, page = ask(driver)
    assert "You took back" not in reason(page)
    assert "ended on" in reason(page)
