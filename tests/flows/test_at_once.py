"""Simultaneous requests on a real database, each in a thread with a connection of its own."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from provider_site.errors import KeyStepTooEarly
from provider_site.models import AuditEvent, Authorization, AuthorizationRequest, Consent, OutboxMessage, SigningKey
from provider_site.services import key_life, keys, outbox, profiles
from provider_site.signals import consent_given
from tests import factories
from tests.provider.driver import Driver, plant_signing_key

TIMES = 8


@pytest.fixture
def driver(transactional_db: None) -> Driver:
    """Return an approved application and a signed-in person's browser, committed."""
    plant_signing_key()
    return Driver(factories.make_application(), factories.make_user())


def at_once(action: Callable[[int], Any], times: int = TIMES) -> list[Any]:
    """Return what `action` returned to each of several threads that began together."""
    start = Barrier(times)

    def run(number: int) -> Any:
        try:
            start.wait(timeout=20)
            return action(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def fresh(driver: Driver) -> Driver:
    """Return the same client without a browser: Django's test client is not for two threads."""

    class Registered:
        application, client_secret = driver.application, driver.secret

    twin = Driver(Registered)
    twin.pkce = driver.pkce
    return twin


def test_one_code_redeemed_many_times_buys_at_most_one_pair_that_is_dead(driver: Driver) -> None:
    code = driver.code()
    answers = at_once(lambda _number: fresh(driver).redeem(code))
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) <= {200, 400}
    assert statuses[200] <= 1
    assert {answer.error for answer in answers if answer.status == 400} == {"invalid_grant"}
    assert Authorization.objects.get().revoked_at is not None
    for answer in answers:
        if answer.status == 200:
            assert not driver.works(answer.access)
            assert driver.refresh(answer.refresh).error == "invalid_grant"


def test_one_refresh_token_used_many_times_buys_at_most_one_pair_that_is_dead(driver: Driver) -> None:
    token = driver.tokens().refresh
    answers = at_once(lambda _number: fresh(driver).refresh(token))
    assert Counter(answer.status for answer in answers)[200] <= 1
    assert {answer.error for answer in answers if answer.status != 200} == {"invalid_grant"}
    assert Authorization.objects.get().revoked_at is not None
    for answer in answers:
        if answer.status == 200:
            assert not driver.works(answer.access)
            assert driver.refresh(answer.refresh).error == "invalid_grant"


def test_refresh_token_used_many_times_within_the_grace_stays_one_live_family(driver: Driver, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"REFRESH_TOKEN_GRACE_SECONDS": 60}
    first = driver.tokens().refresh
    driver.refresh(first)
    answers = at_once(lambda _number: fresh(driver).refresh(first), 4)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.refresh for answer in answers}) == 4
    assert all(driver.works(answer.access) for answer in answers)


def copies(driver: Driver, number: int) -> list[Any]:
    """Return browsers that share the person's session, as tabs do."""
    browsers = []
    for _number in range(number):
        tab = fresh(driver).browser
        tab.cookies = driver.browser.cookies
        browsers.append(tab)
    return browsers


def test_one_consent_form_sent_many_times_decides_once(driver: Driver) -> None:
    address = driver.authorize()["Location"]
    tabs = copies(driver, TIMES)
    form = {"scope": ["nickname"], "decision": "allow", "duration": "30"}
    answers = at_once(lambda number: tabs[number].post(address, form))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * (TIMES - 1)
    assert Consent.objects.count() == 1
    assert AuditEvent.objects.filter(action="consent.given").count() == 1
    assert OutboxMessage.objects.count() == 1


def test_allow_and_deny_of_one_form_never_both_count(driver: Driver) -> None:
    address = driver.authorize()["Location"]
    tabs = copies(driver, TIMES)
    answers = at_once(
        lambda number: tabs[number].post(address, {"decision": ("allow", "deny")[number % 2], "duration": "30"})
    )
    assert Counter(answer.status_code for answer in answers) == {303: 1, 410: TIMES - 1}
    decision = AuthorizationRequest.objects.get().decision
    assert Consent.objects.count() == (1 if decision == "allowed" else 0)


def test_first_consents_of_two_tabs_are_one_record(driver: Driver) -> None:
    addresses = [driver.authorize(state=str(number))["Location"] for number in range(2)]
    tabs = copies(driver, 2)
    form = {"scope": ["nickname"], "decision": "allow", "duration": "30"}

    def linger(**_facts: Any) -> None:
        time.sleep(0.4)  # the first is written and not committed while the second looks

    consent_given.connect(linger)
    try:
        answers = at_once(lambda number: tabs[number].post(addresses[number], form), 2)
    finally:
        consent_given.disconnect(linger)
    assert [answer.status_code for answer in answers] == [303] * 2
    assert Consent.objects.count() == 1


def test_one_answer_fetched_many_times_is_one_code(driver: Driver) -> None:
    address = driver.authorize()["Location"]
    resume = driver.browser.post(address, {"decision": "allow", "duration": "30"})["Location"]
    tabs = copies(driver, TIMES)
    answers = at_once(lambda number: tabs[number].get(resume))
    assert Counter(answer.status_code for answer in answers) == {302: 1, 410: TIMES - 1}
    assert Authorization.objects.count() == 1


def test_first_keys_made_by_many_are_one_for_each_algorithm(transactional_db: None) -> None:
    signers = at_once(lambda _number: keys.signer("ES256"), 4)
    assert len({signer.kid for signer in signers}) == 1
    assert sorted(SigningKey.objects.values_list("alg", "status")) == [
        ("ES256", "active"),
        ("EdDSA", "active"),
        ("PS256", "active"),
        ("RS256", "active"),
    ]


def test_keys_rotated_by_many_leave_one_that_signs(transactional_db: None) -> None:
    plant_signing_key()
    key_life.rotate(algorithms=["RS256"])
    SigningKey.objects.filter(status="next").update(created=timezone.now() - timedelta(hours=2))

    def rotate(_number: int) -> bool:
        try:
            return bool(key_life.rotate(algorithms=["RS256"]))
        except KeyStepTooEarly:  # the next key was made a moment ago
            return False

    assert at_once(rotate, 4).count(True) == 1
    rsa = SigningKey.objects.filter(alg="RS256").values_list("status", flat=True)
    assert sorted(rsa) == ["active", "next", "previous"]


def test_due_steps_taken_by_many_are_taken_once(transactional_db: None) -> None:
    plant_signing_key()
    long_ago = timezone.now() - timedelta(days=100)
    SigningKey.objects.update(activated_at=long_ago)
    key_life.rotate(algorithms=["ES256"])
    SigningKey.objects.filter(status="next").update(created=long_ago)
    changes = [change for done in at_once(lambda _number: key_life.rotate_due(), 4) for change in done]
    assert sorted(change.alg for change in changes) == ["ES256", "EdDSA", "PS256", "RS256"]
    assert [change.alg for change in changes if change.activated] == ["ES256"]
    assert SigningKey.objects.filter(status="next").count() == 4


def test_profile_asked_for_by_many_is_one(transactional_db: None) -> None:
    user = factories.make_user()
    subjects = at_once(lambda _number: profiles.get_profile(user=user).subject)
    assert len(set(subjects)) == 1


def test_message_taken_by_many_workers_is_delivered_once(transactional_db: None) -> None:
    delivered: list[dict[str, Any]] = []
    outbox.deliverer("test-at-once")(delivered.append)
    message = OutboxMessage.objects.create(
        kind="test-at-once", payload={"n": 1}, next_attempt_at="2020-01-01T00:00:00Z"
    )
    all_have_read = Barrier(4)

    def take(_number: int) -> bool:
        waited: list[str] = []

        def wait(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith("UPDATE") and not waited:
                waited.append(sql)
                all_have_read.wait(timeout=20)
            return execute(sql, *rest)

        with connection.execute_wrapper(wait):
            return outbox.deliver(message_id=message.pk)

    assert sum(at_once(take, 4)) == 1
    assert delivered == [{"n": 1}]
