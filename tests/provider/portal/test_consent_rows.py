"""What the consent page shows of each scope, and the durations it offers."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import ApplicationScope, Consent, Profile, Registration
from provider_site.policy import scopes as scope_policy
from provider_site.services import consents
from provider_site.storage import consented
from tests import factories
from tests.provider.driver import Driver, query
from tests.provider.portal.consent_pages import ask, change_facts, day, duration, part, reason, row

NICKNAME, AVATAR = "See your nickname", "See your avatar"


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
    assert "See your nickname" in held
    assert "Keep this access while you are away" in held
    assert held.count("until you withdraw it") == 2
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
    own = {f"scope:{number}": {"title": f"Scope {number}", "claims": ("nickname",)} for number in range(52)}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": own}
    names = [*(scope.name for scope in scope_policy.catalog().values() if scope.name != "unionid")]
    change_facts(driver, scopes={name: {"required": name == "openid"} for name in names})
    page = ask(driver, scope=" ".join(names))[1]
    assert page.count('<li class="scope') == len(names) == 60
    assert "has given us no privacy policy" in page


def test_row_whose_time_is_over_is_not_new(driver: Driver) -> None:
    driver.code()
    consent = Consent.objects.get()
    consent.terms["nickname"]["ends_at"] = (timezone.now() - timedelta(days=1)).isoformat()
    consent.save(update_fields=["terms"])
    _address, page = ask(driver)
    assert NICKNAME in reason(page)
    assert "New" not in row(page, NICKNAME)
    assert "Already allowed" not in row(page, NICKNAME)


@pytest.mark.parametrize(
    ("claim", "title", "leads"),
    [("birthdate", "See your birthday", True), ("given_name", "See your given name", False)],
)
def test_empty_row_leads_to_the_profile_only_for_what_is_written_there(
    user: Any, claim: str, title: str, leads: bool
) -> None:
    """The name of a person is their account's: the page of the profile has no field for it."""
    user.first_name = ""
    user.save()
    driver = Driver(factories.make_application(scopes={"openid": True, "profile": False}), user)
    found = row(ask(driver, scope="openid", claims=json.dumps({"userinfo": {claim: None}}))[1], title)
    assert "(empty: you have not set one)" in found
    assert ("Set it in your profile" in found) is leads


def test_lines_of_an_address_keep_their_own_direction(user: Any) -> None:
    address = {"address_street": "<b>شارع</b> 12", "address_postal_code": "010000"}
    Profile.objects.update_or_create(user=user, defaults=address)
    driver = Driver(factories.make_application(scopes={"openid": True, "address": False}), user)
    page = ask(driver, scope="openid address")[1]
    assert "<bdi>&lt;b&gt;شارع&lt;/b&gt; 12</bdi>, <bdi>010000</bdi>" in page
