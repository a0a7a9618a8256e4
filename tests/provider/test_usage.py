"""What happens through the public addresses is counted once, under the right day, application and kind."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from provider_site.models import DailyCount, Registration
from provider_site.services import pruning, usage
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, plant_signing_key

ROOT = Path(__file__).resolve().parents[2]
Kind = DailyCount.Kind
TABLE = DailyCount._meta.db_table


def totals(application: Any = None) -> dict[str, int]:
    """Return what was counted in the last 30 days, without the zeros."""
    found = usage.series(application=application)
    return {kind.value: found.total(kind) for kind in Kind if found.total(kind)}


def on_count_table(act: Callable[[], None]) -> AbstractContextManager[None]:
    """Call `act` before each statement that writes counts."""

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if TABLE in sql and not sql.startswith("SELECT"):
            act()
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


def test_sign_in_consent_and_tokens_are_counted_for_the_application_and_the_site(driver: Driver) -> None:
    tokens = driver.tokens()
    driver.refresh(tokens.refresh)
    driver.redeem(driver.code())  # the consent is remembered: nobody is asked
    other = factories.make_application().application
    assert totals(driver.application) == {"sign_in": 2, "consent_given": 1, "token": 3}
    assert totals() == totals(driver.application)
    assert totals(other) == {}


def test_consent_without_an_optional_scope_is_given_in_part(driver: Driver) -> None:
    driver.code(scopes=["nickname"])
    assert totals(driver.application) == {"sign_in": 1, "consent_partly": 1}


def test_scopes_declined_earlier_make_no_later_consent_partial(driver: Driver) -> None:
    driver.code(scopes=[], scope="openid nickname")
    driver.code(scopes=["avatar"], scope="openid avatar")
    assert totals(driver.application) == {"sign_in": 2, "consent_partly": 1, "consent_given": 1}


def test_refusal_is_counted_and_is_no_error(driver: Driver) -> None:
    driver.consent(driver.authorize(), decision="deny")
    assert totals(driver.application) == {"consent_refused": 1}


def test_declining_every_scope_is_a_refusal(user: Any) -> None:
    driver = Driver(factories.make_application(scopes={"nickname": False}), user)
    driver.consent(driver.authorize(scope="nickname", nonce=None), scopes=[])
    assert totals(driver.application) == {"consent_refused": 1}


def test_silent_request_that_needs_the_person_is_no_error(driver: Driver) -> None:
    driver.authorize(prompt="none")
    driver.browser.logout()
    driver.authorize(prompt="none")
    assert totals() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://elsewhere.example/"},
        {"scope": "openid unregistered"},
        {"response_type": "token"},
        {"code_challenge": None, "code_challenge_method": None},
        {"prompt": "none login"},
    ],
    ids=lambda changes: next(iter(changes)),
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_authorization_error_is_counted_for_the_application_it_names(
    driver: Driver, method: str, changes: dict[str, Any]
) -> None:
    driver.authorize(method=method, **changes)
    assert totals(driver.application) == {"error": 1} == totals()


def test_error_pages_of_a_kept_request_are_counted(driver: Driver) -> None:
    resumed = driver.authorize(prompt="consent")["Location"].replace("/o/consent/", "/o/authorize/")
    Registration.objects.update(status="suspended")
    assert driver.browser.get(resumed).status_code == 403
    assert totals(driver.application) == {"error": 1}


@pytest.mark.parametrize(
    ("path", "form"),
    [("/o/authorize/", {"client_id": "nobody"}), ("/o/token/", {"client_id": "nobody", "grant_type": "password"})],
)
def test_error_of_an_unknown_client_is_the_site_s_alone(driver: Driver, path: str, form: dict[str, str]) -> None:
    client = Client(headers={"host": ISSUER_HOST})
    client.get(path, form) if "authorize" in path else client.post(path, form)
    client.post(
        "/o/token/",
        "client_id=nobody&grant_type=refresh_token&refresh_token=x",
        content_type="application/x-www-form-urlencoded",
    )
    assert totals(driver.application) == {}
    assert totals()["error"] == 2
    assert DailyCount.objects.filter(application=None).count() == DailyCount.objects.count()


@pytest.mark.parametrize(
    "ask",
    [
        lambda driver: driver.redeem("wrong"),
        lambda driver: driver.token(grant_type="password"),
        lambda driver: driver.token(headers=driver.basic(secret="wrong"), grant_type="client_credentials"),
        lambda driver: driver.token(headers={}, grant_type="x", client_id=driver.application.client_id),
        lambda driver: driver.backchannel.post("/o/token/", {}, content_type="text/plain", headers=driver.basic()),
    ],
    ids=["grant", "grant type", "secret", "named in the body", "body"],
)
def test_token_error_is_counted_for_the_client_it_names(driver: Driver, ask: Callable[[Driver], Any]) -> None:
    ask(driver)
    assert totals(driver.application) == {"error": 1} == totals()


def test_refused_access_token_is_no_error(driver: Driver) -> None:
    assert driver.userinfo("nonsense").status_code == 401
    assert totals() == {}


@pytest.mark.parametrize("sent", ["", "é", "a\x00b", "x" * 101, "\ud800"])
def test_client_identifier_that_cannot_be_one_reaches_no_query(db: None, sent: str) -> None:
    usage.count_error(client_id=sent)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        usage.flush()
    assert not any("client_id" in query["sql"] for query in queries)
    assert totals() == {"error": 1}


def test_names_somebody_invents_are_bounded(application: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_NAMES", 3)
    for number in range(10):
        usage.count_error(client_id=f"invented-{number}")
    usage.count(kind=Kind.TOKEN, application_id=application.pk)
    assert len(usage._buffer._named) == 3
    assert totals() == {"error": 10, "token": 1}
    assert totals(application) == {"token": 1}


# --- Writing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def committed(transactional_db: None) -> Iterator[Driver]:
    """Return a driver whose requests end outside any transaction, as they do in production."""
    plant_signing_key()
    DailyCount.objects.all().delete()
    yield Driver(factories.make_application(), factories.make_user())
    usage.forget()


def rows() -> int:
    return sum(DailyCount.objects.filter(application=None).values_list("count", flat=True))


def test_first_event_is_written_at_once_and_later_ones_when_the_time_has_come(
    committed: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed.redeem("wrong")
    assert rows() == 1
    committed.redeem("wrong")
    committed.redeem("wrong")
    assert rows() == 1
    later = usage.time.monotonic() + usage.FLUSH_SECONDS
    monkeypatch.setattr(usage.time, "monotonic", lambda: later)
    committed.backchannel.get("/.well-known/jwks.json")
    assert rows() == 3


def test_nothing_is_written_into_a_transaction_that_is_not_ours(driver: Driver) -> None:
    driver.redeem("wrong")
    assert not DailyCount.objects.exists()
    usage.flush()
    assert rows() == 1


def test_token_request_asks_the_database_no_more_than_without_counting(
    committed: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = committed.tokens()
    with CaptureQueriesContext(connection) as counting:
        tokens = committed.refresh(tokens.refresh)
    usage.flush()
    assert totals(committed.application)["token"] == 2
    monkeypatch.setattr(usage, "count", lambda **_: None)
    with CaptureQueriesContext(connection) as without:
        assert committed.refresh(tokens.refresh).status == 200
    assert len(counting) == len(without)
    assert not any(TABLE in query["sql"] for query in counting)


def test_counts_of_many_threads_add_up(transactional_db: None) -> None:
    DailyCount.objects.all().delete()
    keys = [factories.make_application().application.pk for _ in range(3)]
    failures: list[Exception] = []

    def work() -> None:
        try:
            for number in range(60):
                usage.count(kind=Kind.TOKEN, application_id=keys[number % 3])
                if number % 10 == 9:
                    usage.flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails by it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usage.flush()
    assert not failures
    assert DailyCount.objects.count() == 4
    assert rows() == 360
    assert set(DailyCount.objects.exclude(application=None).values_list("count", flat=True)) == {120}


def test_row_another_process_has_just_made_is_added_to(application: Any) -> None:
    usage.count(kind=Kind.TOKEN, application_id=application.pk)
    made: list[bool] = []

    def make() -> None:
        made.append(True)
        if len(made) == 3:  # after both updates found no row, before the insert
            for owner in (application, None):
                DailyCount.objects.create(application=owner, day=usage.today(), kind=Kind.TOKEN, count=5)

    with on_count_table(make):
        usage.flush()
    assert totals(application) == {"token": 6} == totals()


def test_numbers_wait_while_the_database_is_away_and_the_request_is_answered(
    committed: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("away")

    with on_count_table(fail):
        assert committed.tokens().status == 200
        usage.flush()
    assert not DailyCount.objects.exists()
    assert "usage could not be written" in caplog.text
    assert totals(committed.application) == {"sign_in": 1, "consent_given": 1, "token": 1} == totals()


def test_memory_is_bounded_while_the_database_is_away(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_KEYS", 5)
    for number in range(20):
        usage.count(kind=Kind.TOKEN, application_id=number)
    assert len(usage._buffer._counts) == 5
    assert usage._buffer._counts[usage.today(), "token", None] == 20


def test_counts_of_an_application_deleted_meanwhile_stay_the_site_s(application: Any) -> None:
    usage.count(kind=Kind.TOKEN, application_id=application.pk)
    usage.count_error(client_id=application.client_id)
    application.delete()
    assert totals() == {"token": 1, "error": 1}
    assert not DailyCount.objects.exclude(application=None).exists()


PROGRAM = """
import os, sys
import django
django.setup()
from provider_site.services import usage
from provider_site.models import DailyCount
usage.count(kind=DailyCount.Kind.TOKEN)
if os.fork() == 0:
    usage.count(kind=DailyCount.Kind.SIGN_IN)
    sys.exit()
os.wait()
"""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="opens the test database by its file")
def test_processes_write_their_own_counts_when_they_end(transactional_db: None) -> None:
    DailyCount.objects.all().delete()
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"}
    environment |= {"DJANGO_SETTINGS_MODULE": "project.settings", "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, check=True, timeout=60)
    assert totals() == {"token": 1, "sign_in": 1}


# --- Days -------------------------------------------------------------------------------------------------------


def test_day_is_that_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    class Evening(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            local = datetime(2026, 3, 1, 20, tzinfo=timezone(timedelta(hours=-5)))
            return local.astimezone(tz) if tz is not None else local.replace(tzinfo=None)

    monkeypatch.setattr(usage, "datetime", Evening)
    assert usage.today() == date(2026, 3, 2)


def test_events_around_midnight_belong_to_their_days_however_late_they_are_written(
    application: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = datetime.now(tz=UTC).date()
    for day in (first, first + timedelta(days=1), first + timedelta(days=1)):
        monkeypatch.setattr(usage, "today", lambda day=day: day)
        usage.count(kind=Kind.SIGN_IN, application_id=application.pk)
    found = usage.series(application=application, days=3)
    assert found.days == (first - timedelta(days=1), first, first + timedelta(days=1))
    assert found.counts[Kind.SIGN_IN] == (0, 1, 2)
    assert found.counts[Kind.ERROR] == (0, 0, 0)


def test_counts_are_pruned_after_more_than_a_year(application: Any) -> None:
    for age in (usage.KEPT, usage.KEPT + timedelta(days=1)):
        for owner in (application, None):
            DailyCount.objects.create(application=owner, day=usage.today() - age, kind=Kind.TOKEN, count=1)
    assert pruning.prune()["counts"] == 2
    assert DailyCount.objects.count() == 2
