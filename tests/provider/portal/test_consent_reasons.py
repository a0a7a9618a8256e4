"""Why the consent page asks: a text for each reason of the policy, and what of the application has changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import ApplicationScope, Consent, Registration
from provider_site.services import consents
from tests import factories
from tests.provider.driver import Driver, query
from tests.provider.portal.consent_pages import ask, change_facts, day, reason, row, ticked

NICKNAME = "See your nickname"


def age(driver: Driver, **fields: Any) -> Consent:
    """Let the consent be as given 100 days ago, its terms those of the whole."""
    given_at = timezone.now() - timedelta(days=100)
    Consent.objects.update(**({"given_at": given_at, "terms": {}} | fields))
    return Consent.objects.get(application=driver.application)


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
