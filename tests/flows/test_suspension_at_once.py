"""Suspensions, decisions and changes that meet what is under way, on a real database."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site.admin.application_forms import RegistrationForm
from provider_site.errors import ReviewConflict
from provider_site.models import Authorization, Registration, Review
from provider_site.policy.facts import ScopeRequest, digest
from provider_site.services import facts, outbox, reviews
from provider_site.signals import application_changed, application_suspended
from provider_site.storage import access
from tests import factories
from tests.flows import html_forms
from tests.flows.meanwhile import before_writing
from tests.flows.test_at_once import at_once, fresh
from tests.provider.developer.browsers import confirm_address
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key, query


@pytest.fixture
def driver(transactional_db: None) -> Driver:
    """Return an approved application and a signed-in person's browser, committed."""
    plant_signing_key()
    return Driver(factories.make_application(), factories.make_user())


def suspend(driver: Driver) -> None:
    reviews.suspend(application=driver.application, actor=None, reason="It sends spam.")


def reinstate(driver: Driver) -> None:
    reviews.reinstate(application=driver.application, actor=None)


def suspended_meanwhile(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> None:
    """Let the suspension commit after the next request was found good and before it writes."""
    before_writing(monkeypatch, lambda: suspend(driver))


@pytest.fixture(params=["fast", "general"], autouse=True)
def lane(request: pytest.FixtureRequest, settings: Any) -> str:
    """Send token and authorization requests through each of the two ways."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "FAST_LANE": request.param == "fast"}
    return str(request.param)


def dead(driver: Driver, answer: Any) -> bool:
    """Tell whether nothing of a token answer can be used."""
    refused = driver.refresh(answer.refresh).status >= 400 if "refresh_token" in answer.body else True
    return refused and not driver.works(answer.access)


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_token_written_by_who_had_not_seen_the_suspension_is_dead_for_good(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, grant: str, lane: str
) -> None:
    presented = driver.code() if grant == "authorization_code" else driver.tokens().refresh
    suspended_meanwhile(monkeypatch, driver)
    answer = driver.redeem(presented) if grant == "authorization_code" else driver.refresh(presented)
    assert answer.status == 200  # the race was lost, which nobody can prevent; what counts is the next use
    if lane == "general":  # the short way writes down when the request was judged, which was before
        assert get_access_token_model().objects.get().created > Registration.objects.get().tokens_not_before
    assert dead(driver, answer)
    reinstate(driver)
    assert dead(driver, answer)
    outbox.deliver_due()
    assert not get_access_token_model().objects.exists()
    assert not get_refresh_token_model().objects.exists()


def test_code_written_by_who_had_not_seen_the_suspension_buys_nothing_ever(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    driver.tokens()  # the consent is remembered: the next answer is a code at once
    suspended_meanwhile(monkeypatch, driver)
    code = query(driver.authorize())["code"]
    authorization = Authorization.objects.order_by("-created")[0]
    if lane == "general":  # as above
        assert authorization.created > Registration.objects.get().tokens_not_before
    assert driver.redeem(code).status == 401
    reinstate(driver)
    assert driver.redeem(code).error == "invalid_grant"


def test_machines_token_written_after_the_suspension_is_dead_for_good(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    type(driver.application).objects.update(authorization_grant_type="client-credentials")
    suspended_meanwhile(monkeypatch, driver)
    answer = driver.token(grant_type="client_credentials", scope="nickname")
    if lane == "fast":  # what stores the token asks whether the client is still what it was
        assert answer.error == "invalid_client"
        return
    assert answer.status == 200, answer.body
    for _state in ("suspended", "reinstated"):
        record = access.find_access_token(answer.access)
        assert record is not None
        assert record.refusal is not None
        if _state == "suspended":
            assert driver.token(grant_type="client_credentials").error == "invalid_client"
            reinstate(driver)
    new = driver.token(grant_type="client_credentials", scope="nickname")
    record = access.find_access_token(new.access)
    assert record is not None
    assert record.refusal is None


def test_whatever_was_under_way_when_the_suspension_came_is_dead(driver: Driver) -> None:
    codes = [driver.code(state=str(number)) for number in range(3)]
    tokens = [driver.redeem(driver.code(state=str(number))) for number in range(3, 6)]
    application_suspended.connect(linger)  # the others begin while the suspension is written and not committed

    def act(number: int) -> Any:
        if number == 0:
            return suspend(driver)
        if number <= 3:
            return fresh(driver).redeem(codes[number - 1])
        return fresh(driver).refresh(tokens[number - 4].refresh)

    try:
        answers = [answer for answer in at_once(act, 7) if answer is not None]
    finally:
        application_suspended.disconnect(linger)
    bought = [answer for answer in answers if answer.status == 200] + tokens
    assert all(dead(driver, answer) for answer in bought)
    reinstate(driver)
    assert all(dead(driver, answer) for answer in bought)
    assert not any(driver.redeem(code).status == 200 for code in codes)
    assert driver.works(driver.tokens(state="new").access)


def test_form_read_before_the_suspension_does_not_undo_it(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = driver.tokens()
    staff = factories.make_staff()
    confirm_address(staff)
    browser = Client(headers={"host": ISSUER_HOST})
    browser.post("/accounts/login/", {"login": staff.username, "password": factories.PASSWORD})
    address = f"/admin/oauth2_provider/application/{driver.application.pk}/change/"
    form = html_forms.find(browser.get(address), holds="registration-0-description")
    original = RegistrationForm.save

    def late(self: Any, commit: bool = True) -> Any:
        suspend(driver)
        return original(self, commit)

    monkeypatch.setattr(RegistrationForm, "save", late)
    answer = browser.post(address, {**form.fields, "registration-0-description": "Shows your days."})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    registration = Registration.objects.get()
    assert (registration.description, registration.status) == ("Shows your days.", "suspended")
    assert registration.status_reason == "It sends spam."
    assert dead(driver, tokens)
    reinstate(driver)
    assert dead(driver, tokens)


def linger(**_facts: Any) -> None:
    time.sleep(0.3)


def outcome(action: Callable[[], Any]) -> str:
    """Return "done", or the name of the refusal."""
    try:
        action()
    except ReviewConflict as refusal:
        return type(refusal).__name__
    return "done"


class TestDecisions:
    @pytest.fixture
    def application(self, transactional_db: None) -> Any:
        return factories.make_draft().application

    def test_submitted_many_times_waits_once(self, application: Any) -> None:
        results = at_once(lambda _number: outcome(lambda: reviews.submit(application=application, actor=None)), 4)
        assert Counter(results) == {"done": 1, "ReviewConflict": 3}
        assert Review.objects.count() == 1

    def test_many_decisions_about_one_request_are_one(self, application: Any) -> None:
        reviews.submit(application=application, actor=None)
        seen = fact_digest(application)

        def decide(number: int) -> None:
            if number % 3 == 0:
                reviews.approve(application=application, actor=None, seen=seen)
            elif number % 3 == 1:
                reviews.reject(application=application, actor=None, reason="No.", seen=seen)
            else:
                reviews.withdraw(application=application, actor=None)

        results = at_once(lambda number: outcome(lambda: decide(number)), 6)
        decision = Review.objects.get().decision
        assert Registration.objects.get().status == {"withdrawn": "draft"}.get(decision, decision)
        assert Counter(results)["done"] == 1

    def test_facts_changed_meanwhile_are_not_approved(self, application: Any) -> None:
        reviews.submit(application=application, actor=None)
        seen_facts = facts.read(application=application)
        seen = fact_digest(application)
        evil = replace(seen_facts, redirect_uris=("https://evil.example/callback",))
        under_way = Event()

        def announce(**kwargs: Any) -> None:
            under_way.set()
            linger(**kwargs)

        application_changed.connect(announce)

        def act(number: int) -> None:
            if number == 0:
                reviews.change(application=application, actor=None, asked=evil)
            else:
                assert under_way.wait(timeout=20)
                reviews.approve(application=application, actor=None, seen=seen)

        try:
            results = at_once(lambda number: outcome(lambda: act(number)), 2)
        finally:
            application_changed.disconnect(announce)
        assert results == ["done", "SeenSomethingElse"]
        assert Registration.objects.get().status == "submitted"

    def test_old_form_brings_no_removed_address_back(self, application: Any) -> None:
        reviews.approve(application=application, actor=None)
        type(application).objects.update(redirect_uris="https://a.example/ https://hole.example/")
        old = facts.read(application=type(application).objects.get())
        closed = replace(old, redirect_uris=("https://a.example/",))
        loosened = replace(old, scopes={"openid": ScopeRequest(required=False)})
        application_changed.connect(linger)

        def act(number: int) -> str:
            time.sleep(0.1 * number)
            return str(reviews.change(application=application, actor=None, asked=(closed, loosened)[number]))

        try:
            assert at_once(act, 2) == ["in_force", "waiting"]
        finally:
            application_changed.disconnect(linger)
        assert facts.read(application=type(application).objects.get()) == closed


def fact_digest(application: Any) -> str:

    return digest(*reviews.compared(application=application))
