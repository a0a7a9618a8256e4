"""Everybody asks for one thing at once, in few rounds; test_many_rounds.py has many."""

from collections.abc import Callable

import pytest

from tests.races import page_rounds, token_rounds, withdrawal_rounds
from tests.races.stage import GRACE, LANES, Stage

PROCESSES = 2
ROUNDS = 2

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]


@pytest.mark.parametrize("lane", LANES)
def test_one_code_buys_one_set_of_tokens_at_most_which_its_replays_kill(stage: Callable[..., Stage], lane: str) -> None:
    assert token_rounds.one_code(stage(lane=lane), ROUNDS).rounds == ROUNDS


@pytest.mark.parametrize("lane", LANES)
def test_one_refresh_token_buys_one_successor_at_most_and_its_family_dies(
    stage: Callable[..., Stage], lane: str
) -> None:
    assert token_rounds.one_refresh_token(stage(lane=lane), ROUNDS).rounds == ROUNDS


@pytest.mark.parametrize("lane", LANES)
def test_retries_within_the_grace_are_siblings_and_later_ones_kill_the_family(
    stage: Callable[..., Stage], lane: str
) -> None:
    assert token_rounds.within_the_grace(stage(lane=lane, grace=GRACE), ROUNDS).rounds == ROUNDS


@pytest.mark.parametrize("lane", LANES)
def test_withdrawal_ends_what_is_being_bought_meanwhile(stage: Callable[..., Stage], lane: str) -> None:
    assert withdrawal_rounds.one_withdrawal(stage(lane=lane), ROUNDS).rounds == ROUNDS


def test_one_device_code_buys_one_set_of_tokens_at_most_which_its_replay_kills(stage: Callable[..., Stage]) -> None:
    assert token_rounds.one_device_code(stage(lane="general", kind="device"), ROUNDS).rounds == ROUNDS


def test_one_kept_request_is_decided_once_and_answered_once(stage: Callable[..., Stage]) -> None:
    assert page_rounds.one_request(stage(lane="general"), ROUNDS).rounds == ROUNDS


def test_one_logout_token_is_obeyed_once_and_ends_no_later_session(stage: Callable[..., Stage]) -> None:
    assert page_rounds.one_logout_token(stage(lane="general"), ROUNDS).rounds == ROUNDS
