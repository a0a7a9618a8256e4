"""Everybody asks for one thing at once, SOAK_ROUNDS times (1,000); `make soak ARGS=tests/races`.

The figures are printed, and kept in docs/races.json and docs/races.md where those there are of no more rounds.
"""

import os
from collections.abc import Callable

import pytest

from tests.races import figures, page_rounds, token_rounds, withdrawal_rounds
from tests.races.stage import GRACE, LANES, Stage

PROCESSES = 4
ROUNDS = int(os.environ.get("SOAK_ROUNDS") or 1000)

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("lane", LANES)
def test_codes(stage: Callable[..., Stage], lane: str) -> None:
    figures.keep(token_rounds.one_code(stage(lane=lane), ROUNDS))


@pytest.mark.parametrize("lane", LANES)
def test_refresh_tokens(stage: Callable[..., Stage], lane: str) -> None:
    figures.keep(token_rounds.one_refresh_token(stage(lane=lane), ROUNDS))


@pytest.mark.parametrize("lane", LANES)
def test_refresh_tokens_within_the_grace_and_after_it(stage: Callable[..., Stage], lane: str) -> None:
    figures.keep(token_rounds.within_the_grace(stage(lane=lane, grace=GRACE), ROUNDS))


@pytest.mark.parametrize("lane", LANES)
def test_withdrawals(stage: Callable[..., Stage], lane: str) -> None:
    figures.keep(withdrawal_rounds.one_withdrawal(stage(lane=lane), ROUNDS))


def test_device_codes(stage: Callable[..., Stage]) -> None:
    figures.keep(token_rounds.one_device_code(stage(lane="general", kind="device"), ROUNDS))


def test_kept_requests(stage: Callable[..., Stage]) -> None:
    figures.keep(page_rounds.one_request(stage(lane="general"), ROUNDS))


def test_logout_tokens(stage: Callable[..., Stage]) -> None:
    figures.keep(page_rounds.one_logout_token(stage(lane="general"), ROUNDS))
