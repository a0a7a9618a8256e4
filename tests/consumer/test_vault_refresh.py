"""Renew tokens: once at a time, never over newer ones, and never inside a transaction."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from consumer_site import vault
from consumer_site.errors import (
    AnswerInvalid,
    CallFailed,
    CodeRefused,
    NotConfigured,
    NoTokens,
    SignInNeeded,
    Unreachable,
)
from consumer_site.models import StoredToken
from consumer_site.vault import refresh, store
from tests.consumer.vault_service import Hands, Service, ended, registered, renewed

pytestmark = pytest.mark.django_db


@pytest.fixture
def service() -> Iterator[Service]:
    with registered(Service()) as running:
        yield running


def row_of(account: Any) -> StoredToken:
    return StoredToken.objects.get(account=account)


def raising(error: Exception) -> Any:
    def answer(token: str) -> vault.TokenSet:
        raise error

    return answer


@pytest.mark.parametrize("seconds", [61, None])
def test_living_or_undated_token_is_given_out_as_it_is(service: Service, seconds: int | None) -> None:
    until = None if seconds is None else timezone.now() + timedelta(seconds=seconds)
    account = service.account(ended(expires_at=until))
    assert vault.fresh_tokens(account=account).access_token == "access-0"
    assert not service.asked


@pytest.mark.parametrize("seconds", [-1, 30])
def test_ended_or_ending_token_is_renewed_and_stored(service: Service, seconds: int) -> None:
    service.answer = lambda token: renewed()
    account = service.account(ended(expires_at=timezone.now() + timedelta(seconds=seconds)))
    assert vault.fresh_tokens(account=account).access_token == "access-1"
    assert service.asked == ["refresh-0"]
    row, held = row_of(account), vault.load(account=account)
    assert held is not None
    assert (held.access_token, held.refresh_token, held.scope) == ("access-1", "refresh-1", ("one", "two"))
    assert (row.generation, row.lease, row.lease_until, row.failure) == (2, "", None, "")
    assert row.refreshed_at is not None
    assert vault.fresh_tokens(account=account).access_token == "access-1"
    assert len(service.asked) == 1


def test_refresh_token_and_scope_that_the_answer_does_not_name_stay(service: Service) -> None:
    service.answer = lambda token: vault.TokenSet("access-1", scope=("one",))
    account = service.account()
    vault.fresh_tokens(account=account)
    assert vault.load(account=account) == vault.TokenSet("access-1", "refresh-0", None, ("one",))


def test_refusal_for_good_marks_the_account_and_asks_no_more(service: Service) -> None:
    service.answer = raising(CodeRefused("no", code="gone_for_good"))
    account = service.account()
    for _again in range(2):
        with pytest.raises(SignInNeeded, match="gone_for_good"):
            vault.fresh_tokens(account=account)
    row = row_of(account)
    assert (row.needs_sign_in, row.failure, row.lease, len(service.asked)) == (True, "gone_for_good", "", 1)
    vault.save(account=account, tokens=renewed(5))
    row = row_of(account)
    assert (row.needs_sign_in, row.failure, row.generation) == (False, "", 2)
    assert vault.fresh_tokens(account=account).access_token == "access-5"


@pytest.mark.parametrize("error", [CallFailed("down"), Unreachable("down"), AnswerInvalid("garbage")])
def test_failure_that_may_pass_marks_nothing_and_frees_the_lease(service: Service, error: Exception) -> None:
    service.answer = raising(error)
    account = service.account()
    with pytest.raises(AnswerInvalid if isinstance(error, AnswerInvalid) else Unreachable):
        vault.fresh_tokens(account=account)
    row = row_of(account)
    assert (row.needs_sign_in, row.failure, row.lease, row.lease_until) == (False, "", "", None)
    service.answer = lambda token: renewed()
    assert vault.fresh_tokens(account=account).access_token == "access-1"


def test_provider_out_of_reach_leaves_a_living_token_in_use(service: Service) -> None:
    service.answer = raising(CallFailed("down"))
    account = service.account(ended(expires_at=timezone.now() + timedelta(seconds=30)))
    assert vault.fresh_tokens(account=account).access_token == "access-0"
    assert service.asked == ["refresh-0"]


@pytest.mark.parametrize("error", [NotConfigured("wrong secret"), KeyError("a fault of the connector")])
def test_own_fault_is_raised_and_marks_nothing(service: Service, error: Exception) -> None:
    service.answer = raising(error)
    account = service.account(ended(expires_at=timezone.now() + timedelta(seconds=30)))
    with pytest.raises(type(error)):
        vault.fresh_tokens(account=account)
    row = row_of(account)
    assert (row.needs_sign_in, row.failure, row.lease) == (False, "", "")


def test_tokens_that_cannot_be_renewed_need_a_sign_in_once_they_end(service: Service) -> None:
    account = service.account(ended(refresh_token="", expires_at=timezone.now() + timedelta(seconds=30)))
    assert vault.fresh_tokens(account=account).access_token == "access-0"
    StoredToken.objects.update(expires_at=timezone.now())
    with pytest.raises(SignInNeeded):
        vault.fresh_tokens(account=account)
    assert row_of(account).failure == refresh.NOT_RENEWABLE


def test_account_without_tokens_and_connector_without_registration_say_so(service: Service) -> None:
    account = service.account()
    vault.forget(account=account)
    with pytest.raises(NoTokens):
        vault.fresh_tokens(account=account)
    account.provider = "nobody-registered"
    vault.save(account=account, tokens=ended())
    with pytest.raises(NotConfigured):
        vault.fresh_tokens(account=account)


def test_answer_that_comes_after_a_new_sign_in_is_dropped(service: Service) -> None:
    def answer(token: str) -> vault.TokenSet:
        vault.save(account=account, tokens=renewed(7))
        return renewed(1)

    service.answer = answer
    account = service.account()
    assert vault.fresh_tokens(account=account).access_token == "access-7"
    assert (row_of(account).generation, row_of(account).lease) == (2, "")


def test_refusal_that_comes_after_a_new_sign_in_marks_nothing(service: Service) -> None:
    def answer(token: str) -> vault.TokenSet:
        vault.save(account=account, tokens=renewed(7))
        raise CodeRefused("used")

    service.answer = answer
    account = service.account()
    assert vault.fresh_tokens(account=account).access_token == "access-7"
    assert not row_of(account).needs_sign_in


def test_sign_in_just_before_the_old_tokens_are_given_up_is_not_marked(service: Service) -> None:
    account, hands, calls = service.account(ended(refresh_token="")), Hands(), []

    def now() -> Any:
        calls.append(1)
        if len(calls) == 2:
            vault.save(account=account, tokens=renewed(7))
        return hands.time

    pace = vault.Pace(now=now, sleep=hands.sleep)
    assert vault.fresh_tokens(account=account, pace=pace).access_token == "access-7"
    assert not row_of(account).needs_sign_in


def outrun(service: Service, account: Any, hands: Hands, mine: Any) -> Any:
    """Let another process renew while ours is on its way and its lease has run out; return an answer for ours."""

    def answer(token: str) -> vault.TokenSet:
        hands.time += refresh.lease_length() + timedelta(seconds=1)
        service.answer = lambda token: renewed(2)
        assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-2"
        if isinstance(mine, Exception):
            raise mine
        return mine

    return answer


@pytest.mark.parametrize("mine", [renewed(1), CodeRefused("used by the other")], ids=["answered", "refused"])
def test_answer_later_than_the_lease_gives_way_to_the_other_s(service: Service, mine: Any) -> None:
    account, hands = service.account(), Hands()
    service.answer = outrun(service, account, hands, mine)
    assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-2"
    assert service.asked == ["refresh-0", "refresh-0"]
    assert (row_of(account).generation, row_of(account).needs_sign_in) == (2, False)


def test_refusal_of_one_whose_lease_another_has_marks_nothing_and_waits_for_the_other(service: Service) -> None:
    account, hands = service.account(), Hands()

    def answer(token: str) -> vault.TokenSet:
        hands.time += refresh.lease_length() + timedelta(seconds=1)
        held = store.opened(row_of(account), account=account)
        assert store.take_lease(held, now=hands.time, length=timedelta(seconds=50))
        hands.during = lambda: (store.replace(held, account=account, tokens=renewed(2), now=hands.time), None)[1]
        raise CodeRefused("used by the other")

    service.answer = answer
    assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-2"
    assert not row_of(account).needs_sign_in


def test_good_answer_later_than_the_lease_undoes_the_other_s_refusal(service: Service) -> None:
    account, hands = service.account(), Hands()

    def mine(token: str) -> vault.TokenSet:
        hands.time += refresh.lease_length() + timedelta(seconds=1)
        service.answer = raising(CodeRefused("used by the first"))
        with pytest.raises(SignInNeeded):
            vault.fresh_tokens(account=account, pace=hands.pace)
        assert row_of(account).needs_sign_in
        return renewed(1)

    service.answer = mine
    assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-1"
    assert (row_of(account).needs_sign_in, row_of(account).failure) == (False, "")


def leased(account: Any, hands: Hands) -> store.Held:
    held = store.opened(row_of(account), account=account)
    assert store.take_lease(held, now=hands.time, length=refresh.lease_length())
    return held


def test_others_wait_for_the_one_who_renews(service: Service) -> None:
    account, hands = service.account(), Hands()
    held = leased(account, hands)

    def finish() -> None:
        if hands.waited > 1:
            short = renewed(3, expires_at=hands.time + timedelta(seconds=5))
            store.replace(held, account=account, tokens=short, now=hands.time)

    hands.during = finish
    assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-3"
    assert (service.asked, hands.waited > 1) == ([], True)


def test_others_use_the_old_token_as_long_as_it_lives(service: Service) -> None:
    account, hands = service.account(ended(expires_at=timezone.now() + timedelta(seconds=30))), Hands()
    leased(account, hands)
    assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-0"
    assert (service.asked, hands.waited) == ([], 0)


def test_waiting_ends(service: Service) -> None:
    account, hands = service.account(), Hands()
    leased(account, hands)
    with pytest.raises(Unreachable) as caught:
        vault.fresh_tokens(account=account, pace=hands.pace)
    assert caught.value.code == "renewal_busy"
    assert 19 < hands.waited < 21
    assert not row_of(account).needs_sign_in


def test_lease_of_a_dead_process_runs_out(service: Service) -> None:
    service.answer = lambda token: renewed()
    account, hands = service.account(), Hands()
    leased(account, hands)
    hands.time += refresh.lease_length()
    assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-1"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("failures", [2, 3])
def test_answer_is_stored_although_the_database_is_away_for_a_moment(service: Service, failures: int) -> None:
    service.answer = lambda token: renewed()
    account, hands, seen = service.account(), Hands(), []

    def away(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and "refreshed_at" in sql and len(seen) < failures:
            seen.append(sql)
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(away):
        if failures == 3:
            with pytest.raises(OperationalError):
                vault.fresh_tokens(account=account, pace=hands.pace)
        else:
            assert vault.fresh_tokens(account=account, pace=hands.pace).access_token == "access-1"
    assert len(seen) == failures


def test_tokens_that_no_key_opens_need_a_sign_in_until_the_key_is_back(service: Service, settings: Any) -> None:
    account, ring = service.account(ended(expires_at=None)), settings.CONSUMER_SITE["KEY_RING"]
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": ["another secret, long enough to be one"]}
    for _again in range(2):
        with pytest.raises(SignInNeeded):
            vault.fresh_tokens(account=account)
    assert (row_of(account).needs_sign_in, row_of(account).failure) == (True, refresh.UNSEALABLE)
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": ring}
    assert vault.fresh_tokens(account=account).access_token == "access-0"
    assert (row_of(account).needs_sign_in, row_of(account).failure) == (False, "")


def test_missing_key_ring_is_the_site_s_fault(service: Service, settings: Any) -> None:
    account = service.account()
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": []}
    with pytest.raises(NotConfigured, match="KEY_RING"):
        vault.fresh_tokens(account=account)
    assert not row_of(account).needs_sign_in


def test_open_transaction_is_refused_before_anything_is_asked(service: Service) -> None:
    account = service.account()
    with transaction.atomic(), pytest.raises(vault.TransactionOpen, match="on_commit"):
        vault.fresh_tokens(account=account)
    assert (service.asked, row_of(account).lease) == ([], "")


@pytest.mark.django_db(transaction=True)
def test_transaction_begun_by_hand_is_refused_too(service: Service) -> None:
    account = service.account()
    transaction.set_autocommit(False)
    try:
        with pytest.raises(vault.TransactionOpen):
            vault.fresh_tokens(account=account)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_provider_is_asked(service: Service) -> None:
    def answer(token: str) -> vault.TokenSet:
        assert not connection.in_atomic_block
        assert connection.get_autocommit()
        assert row_of(account).lease
        return renewed()

    service.answer = answer
    account = service.account()
    assert vault.fresh_tokens(account=account).access_token == "access-1"
