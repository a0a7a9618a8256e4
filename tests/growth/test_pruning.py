"""Pruning goes beside everything else, ends where it was to end though it be killed, and spares what is needed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_id_token_model, get_refresh_token_model

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Authorization, DailyCount, DeviceAuthorization, OutboxMessage, Session
from provider_site.services import pruning, usage
from provider_site.storage import batches
from tests import factories
from tests.provider.admin import crowd
from tests.provider.driver import Driver, plant_signing_key

AccessToken, RefreshToken, IDToken = get_access_token_model(), get_refresh_token_model(), get_id_token_model()


def long_ago() -> Any:
    """Return a moment before which nothing that isn't alive is needed."""
    return timezone.now() - provider_settings.refresh_token_idle_lifetime - pruning.KEPT - timedelta(hours=1)


@pytest.fixture
def driver(registered: Any, user: Any) -> Driver:
    plant_signing_key()
    return Driver(registered, user)


def over(driver: Driver) -> str:
    """Let a sign-in be over in every respect; return its code."""
    code = driver.code()
    driver.redeem(code)
    AccessToken.objects.update(expires=long_ago())
    RefreshToken.objects.update(revoked=long_ago(), created=long_ago(), access_token=None)
    Authorization.objects.update(created=long_ago(), consumed_at=long_ago())
    Session.objects.update(expires_at=long_ago())
    return code


class TestFamilies:
    def test_dead_family_goes_with_its_session_and_its_replay_is_refused_as_before(self, driver: Driver) -> None:
        code = over(driver)
        pruning.prune()
        for model in (Authorization, RefreshToken, Session):
            assert not model._default_manager.exists()
        assert driver.redeem(code).error == "invalid_grant"

    @pytest.mark.parametrize("what", ["refresh token", "rotated", "session", "young", "device"])
    def test_family_on_which_something_hangs_stays(self, driver: Driver, what: str) -> None:
        over(driver)
        now = timezone.now()
        if what == "refresh token":
            RefreshToken.objects.update(revoked=None, created=now)
        elif what == "rotated":  # its replay is to be known
            RefreshToken.objects.update(revoked=now)
        elif what == "session":  # its end is told to the application
            Session.objects.update(expires_at=now + timedelta(days=1))
        elif what == "young":
            Authorization.objects.update(consumed_at=now - pruning.KEPT - timedelta(days=1))
        else:
            row = {"device_code_digest": "d", "user_code_digest": "u", "application": driver.application}
            times = {"created": now, "expires_at": now}
            DeviceAuthorization.objects.create(authorization=Authorization.objects.get(), **row, **times)
        pruning.prune()
        assert Authorization.objects.count() == 1
        assert Session.objects.count() == 1

    def test_session_that_was_ended_holds_nothing_though_its_time_is_not_over(self, driver: Driver) -> None:
        over(driver)
        Session.objects.update(expires_at=timezone.now() + timedelta(days=1), ended_at=long_ago())
        pruning.prune()
        assert not Authorization.objects.exists()
        assert Session.objects.count() == 1

    def test_living_family_works_after_the_dead_ones_are_gone(self, driver: Driver) -> None:
        over(driver)
        driver.sign_in_again(Authorization.objects.get().user)
        tokens = driver.tokens()
        pruning.prune()
        assert Authorization.objects.count() == 1
        assert driver.works(driver.refresh(tokens.refresh).access)


def test_everything_else_that_grows_is_pruned(driver: Driver, settings: Any) -> None:
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "AUDIT_RETENTION_DAYS": 90}
    over(driver)
    then = timezone.now() - timedelta(days=100)
    IDToken.objects.create(user=Authorization.objects.get().user, application=driver.application, expires=then)
    AuditEvent._base_manager.update(at=then)
    kept = AuditEvent.objects.create(action="key.rotated")
    OutboxMessage.objects.create(kind="x", payload={}, next_attempt_at=then, dead_at=then)
    waiting = OutboxMessage.objects.create(kind="x", payload={}, next_attempt_at=then)
    OutboxMessage.objects.exclude(pk=waiting.pk).filter(dead_at=None).update(delivered_at=then)
    DailyCount.objects.create(day=usage.today() - usage.KEPT - timedelta(days=1), kind="token", count=1)
    recent = DailyCount.objects.create(day=usage.today(), kind="error", count=1)
    store = SessionStore(session_key=None)
    store.set_expiry(-60)
    store.create()
    gone = pruning.prune()
    assert gone["ID tokens"] == gone["counts"] == 1
    assert gone["browser sessions"] >= 1
    assert not IDToken.objects.exists()
    assert list(AuditEvent.objects.all()) == [kept]
    assert list(OutboxMessage.objects.all()) == [waiting]
    assert recent in DailyCount.objects.all()
    assert not SessionStore(session_key=store.session_key).exists(store.session_key)


def test_audit_trail_stays_for_ever_where_nothing_is_set(driver: Driver) -> None:
    over(driver)
    AuditEvent._base_manager.update(at=timezone.now() - timedelta(days=10_000))
    events = AuditEvent.objects.count()
    assert events
    pruning.prune()
    assert AuditEvent.objects.count() == events


@contextmanager
def listening() -> Iterator[list[Any]]:
    heard: list[Any] = []

    def hear(sender: Any, instance: Any, **_others: Any) -> None:
        heard.append(instance.pk)

    pre_delete.connect(hear, sender=AccessToken)
    try:
        yield heard
    finally:
        pre_delete.disconnect(hear, sender=AccessToken)


def test_one_statement_deletes_what_djangos_way_deletes(driver: Driver) -> None:
    """A host that listens to deletions is told of each; without one the rows are not even read."""
    keep = driver.tokens()
    own = {"user": str(Authorization.objects.get().user_id), "application": str(driver.application.pk)}
    for is_heard in (True, False):
        crowd.access_tokens(count=30, **own)
        AccessToken.objects.filter(refresh_token=None).update(expires=long_ago())
        with CaptureQueriesContext(connection) as captured:
            if is_heard:
                with listening() as heard:
                    assert pruning.prune()["access tokens"] == 30
                assert len(heard) == 30
            else:
                assert pruning.prune()["access tokens"] == 30
        table = AccessToken._meta.db_table
        read = [
            query["sql"] for query in captured.captured_queries if f'"{table}"."token_checksum"' in (query["sql"] or "")
        ]
        assert bool(read) is is_heard
        assert AccessToken.objects.count() == 1
    assert driver.works(keep.access)


def expire(driver: Driver, count: int) -> None:
    person = Authorization.objects.first()
    assert person
    crowd.access_tokens(count=count, user=str(person.user_id), application=str(driver.application.pk))
    AccessToken.objects.filter(refresh_token=None).update(expires=long_ago())


@pytest.mark.django_db(transaction=True)
def test_run_that_is_killed_is_continued_by_the_next(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.tokens()
    expire(driver, 300)
    monkeypatch.setattr(pruning, "BATCH", 50)
    remove, done = batches._remove, []

    def dying(rows: Any, *others: Any) -> int:
        if rows.model is AccessToken and len(done) == 3:
            raise KeyboardInterrupt
        count = remove(rows, *others)
        done.extend([count] if rows.model is AccessToken else [])
        return count

    with monkeypatch.context() as patched:
        patched.setattr(batches, "_remove", dying)
        with pytest.raises(KeyboardInterrupt):
            call_command("prune_provider")
    assert AccessToken.objects.count() == 301 - sum(done)  # what was deleted until then stays deleted
    assert 0 < sum(done) < 300
    call_command("prune_provider")
    assert AccessToken.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_tokens_are_issued_while_it_runs_and_wait_for_no_lock(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever issues meanwhile gives up on a lock after 50 ms; a batch that has begun does not end before they have."""
    driver.tokens()
    expire(driver, 200)
    monkeypatch.setattr(pruning, "BATCH", 50)
    statuses: list[int] = []
    remove = batches._remove

    def issue() -> None:
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute("SET lock_timeout = '50ms'")
            tokens = driver.tokens()
            statuses.extend([driver.refresh(tokens.refresh).status, 200])
        finally:
            connections["default"].close()

    def beside(rows: Any, unreferenced_by: Any, first: Any) -> int:
        if rows.model is not AccessToken:
            return remove(rows, unreferenced_by, first)
        with transaction.atomic():  # its locks are held until the others are through
            count = remove(rows, unreferenced_by, first)
            thread = threading.Thread(target=issue)
            thread.start()
            thread.join(30)
            assert not thread.is_alive()
        return count

    monkeypatch.setattr(batches, "_remove", beside)
    pruning.prune()
    assert len(statuses) >= 8
    assert set(statuses) == {200}
    assert not AccessToken.objects.filter(expires__lt=timezone.now()).exists()


def test_batches_look_at_so_many_rows_and_go_on_behind_them(driver: Driver) -> None:
    """However few of them are over: a batch is bounded by what it looks at."""
    driver.tokens()
    expire(driver, 40)
    AccessToken.objects.filter(pk__in=AccessToken.objects.order_by("pk").values("pk")[5:35]).update(
        expires=timezone.now() + timedelta(days=1)
    )
    rows = AccessToken.objects.filter(expires__lt=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        assert batches.delete(rows, size=10, unreferenced_by=[RefreshToken._meta.get_field("access_token")]) > 0
    deletions = [query["sql"] for query in captured.captured_queries if (query["sql"] or "").startswith("DELETE")]
    assert len(deletions) == 5
    assert all("<=" in sql for sql in deletions[:-1])


def test_rows_of_one_moment_are_deleted_batch_by_batch(db: None) -> None:
    factories.make_application()
    AuditEvent._base_manager.all()._raw_delete("default")
    crowd.audit_events(count=25)
    AuditEvent._base_manager.update(at=long_ago())
    with CaptureQueriesContext(connection) as captured:
        rows = AuditEvent._base_manager.filter(at__lt=timezone.now())
        assert batches.delete_by("at", rows, size=10) == 25
    assert sum((query["sql"] or "").startswith("DELETE") for query in captured.captured_queries) == 3
