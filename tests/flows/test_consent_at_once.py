"""Decisions of one person that meet: two tabs, a withdrawal, a narrowing, a refresh, on a real database."""

from typing import Any

import pytest
from django.utils import timezone

from provider_site.models import Consent
from provider_site.services import consents
from provider_site.storage import access, consented
from tests import factories
from tests.flows.meanwhile import before_writing
from tests.flows.test_at_once import at_once, copies, fresh
from tests.provider.driver import Driver, Tokens, plant_signing_key, query


@pytest.fixture
def driver(transactional_db: None) -> Driver:
    """Return an approved application and a signed-in person's browser, committed."""
    plant_signing_key()
    return Driver(factories.make_application(), factories.make_user())


def user_of(driver: Driver) -> Any:
    return Consent.objects.order_by("-pk")[0].user


def dead(driver: Driver, tokens: Tokens) -> bool:
    """Tell whether nothing of a token answer can be used."""
    return not driver.works(tokens.access) and driver.refresh(tokens.refresh).status >= 400


def at_most_what_holds(driver: Driver, tokens: Tokens) -> bool:
    """Tell whether a token has no scope but what the open consent holds now."""
    record = access.find_access_token(tokens.access)
    if record is None or record.refusal is not None:
        return True
    held = consented.held(Consent.objects.get(closed_at=None), access.registration_of(record.row.application))
    return record.scopes <= held


def test_two_tabs_that_decide_at_once_leave_one_consent_with_both_answers(driver: Driver) -> None:
    pages = [driver.authorize(scope=f"openid {name}")["Location"] for name in ("nickname", "avatar")]
    tabs = copies(driver, 2)

    def decide(number: int) -> int:
        form = {"scope": [("nickname", "avatar")[number]], "decision": "allow", "duration": ("1", "365")[number]}
        return int(tabs[number].post(pages[number], form).status_code)

    assert at_once(decide, 2) == [303, 303]
    consent = Consent.objects.get()
    assert consent.scopes == {"openid", "nickname", "avatar"}
    terms = consented.terms(consent)
    assert all(term.ends_at is not None for term in terms.values())
    assert terms["nickname"].ends_at < terms["avatar"].ends_at  # type: ignore[operator]  # neither is None
    assert (terms["nickname"].ends_at - timezone.now()).days == 0  # type: ignore[operator]  # the same


@pytest.mark.parametrize("taking", ["withdraw", "narrow"])
def test_what_is_taken_back_while_another_tab_allows_is_gone_from_every_older_token(
    driver: Driver, taking: str
) -> None:
    older = driver.tokens()
    page = driver.authorize(scope="openid nickname avatar", prompt="consent")["Location"]
    tab, user = copies(driver, 1)[0], user_of(driver)

    def act(number: int) -> Any:
        if number == 0:
            return tab.post(page, {"scope": ["avatar"], "decision": "allow", "duration": "30"}).status_code
        if taking == "withdraw":
            return consents.withdraw(user=user, application=driver.application)
        return consents.narrow(user=user, application=driver.application, scopes=["nickname"])

    status, _taken = at_once(act, 2)
    assert status == 303
    assert Consent.objects.filter(closed_at=None).count() <= 1
    if taking == "withdraw":
        assert dead(driver, older)
    else:
        assert "nickname" not in Consent.objects.get(closed_at=None).scopes
        assert at_most_what_holds(driver, older)


@pytest.mark.parametrize("lane", ["fast", "general"])
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
@pytest.mark.parametrize("taking", ["withdraw", "narrow", "sign_out"])
def test_token_written_by_who_had_not_seen_it_taken_back_has_nothing_of_it(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, settings: Any, grant: str, taking: str, lane: str
) -> None:
    presented = driver.code() if grant == "authorization_code" else driver.tokens().refresh
    facts = {"user": user_of(driver), "application": driver.application}
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "FAST_LANE": lane == "fast"}

    def take() -> None:
        if taking == "narrow":
            consents.narrow(scopes=["nickname"], **facts)
        else:
            getattr(consents, taking)(**facts)

    before_writing(monkeypatch, take)
    answer = driver.redeem(presented) if grant == "authorization_code" else driver.refresh(presented)
    if taking == "narrow":
        assert answer.status == 200
        assert "nickname" not in driver.userinfo(answer.access).json()
        assert "nickname" not in driver.refresh(answer.refresh).body["scope"]
    else:
        assert answer.status == 400 or dead(driver, answer)


def test_narrowing_and_refreshing_at_once_never_leave_more_than_what_holds(driver: Driver) -> None:
    tokens = [driver.redeem(driver.code(state=str(number))) for number in range(4)]
    user = user_of(driver)

    def act(number: int) -> Any:
        if number == 4:
            return consents.narrow(user=user, application=driver.application, scopes=["nickname"])
        return fresh(driver).refresh(tokens[number].refresh)

    answers = at_once(act, 5)[:4]
    for answer in answers:
        assert answer.status == 200
        assert at_most_what_holds(driver, answer)
        assert "nickname" not in driver.userinfo(answer.access).json()


def test_silent_sign_ins_of_the_sites_own_application_at_once_record_one_consent(driver: Driver) -> None:
    driver.application.registration.first_party = True
    driver.application.registration.save()
    tabs = copies(driver, 4)

    def act(number: int) -> dict[str, str]:
        return query(tabs[number].get("/o/authorize/", driver.request_parameters(state=str(number))))

    answers = at_once(act, 4)
    assert all("code" in answer for answer in answers)
    assert Consent.objects.count() == 1
