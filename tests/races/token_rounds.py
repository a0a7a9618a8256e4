"""Races at the token endpoint: one code, one refresh token, one device code, and everybody at once."""

from __future__ import annotations

from typing import Any

from tests.races.figures import Figures
from tests.races.stage import GRACE, Stage, at_most_one, batches

INVALID = "400 invalid_grant"


def one_code(stage: Stage, rounds: int) -> Figures:
    """Race for authorization codes: one set of tokens at most, which the replays have killed (RFC 6749 4.1.2)."""
    figures = stage.figures("authorization code")
    for size in batches(rounds):
        codes, bought = stage.codes(size), []
        for code in codes:
            answers = stage.crowd.everybody(stage.redeem(code))
            bought += at_most_one(answers, refused={INVALID})
            figures.add(answers)
        stage.dead(bought)
        for family in stage.console("families", texts=codes):
            assert family["consumed"]
            assert family["ended_by"] == "code_replayed"
            assert family["refresh_tokens"] == 1
            assert family["live"] == family["access_tokens"] == 0
        figures.rounds += size
        figures.bought += len(bought)
    stage.settled()
    return figures


def one_refresh_token(stage: Stage, rounds: int) -> Figures:
    """Race for refresh tokens without a grace: one successor at most, and the family is dead (RFC 9700 4.14.2)."""
    figures = stage.figures("refresh token, no grace")
    for size in batches(rounds):
        stock, bought = stage.stock(size), []
        for tokens in stock.values():
            answers = stage.crowd.everybody(stage.refresh(tokens["refresh_token"]))
            bought += at_most_one(answers, refused={INVALID})
            figures.add(answers)
        stage.dead([*bought, *stock.values()])
        for family in stage.console("families", texts=list(stock)):
            assert family["ended_by"] == "refresh_token_replayed"
            assert family["refresh_tokens"] == 2
            assert family["live"] == family["access_tokens"] == 0
        figures.rounds += size
        figures.bought += len(bought)
    stage.settled()
    return figures


def within_the_grace(stage: Stage, rounds: int) -> Figures:
    """Race for refresh tokens within the grace, all of whom get siblings; then after it, when nobody gets anything."""
    figures = stage.figures("refresh token, within the grace and after it")
    for size in batches(rounds):
        stock, bought = stage.stock(size), []
        for tokens in stock.values():
            answers = stage.crowd.everybody(stage.refresh(tokens["refresh_token"]))
            figures.add(answers)
            assert {answer.outcome for answer in answers} == {"200"}, {answer.outcome for answer in answers}
            siblings = [answer.facts for answer in answers]
            for name in ("access_token", "refresh_token"):
                assert len({sibling[name] for sibling in siblings}) == len(siblings)
            bought += [siblings[0], siblings[-1]]
        _one_family(stage, list(stock))
        stage.alive(bought)
        stage.console("let_grace_pass", texts=list(stock), seconds=GRACE)
        for tokens in stock.values():
            answers = stage.crowd.everybody(stage.refresh(tokens["refresh_token"]))
            figures.add(answers)
            assert {answer.outcome for answer in answers} == {INVALID}
        stage.dead(bought)
        for family in stage.console("families", texts=list(stock)):
            assert family["ended_by"] == "refresh_token_replayed"
            assert family["live"] == family["access_tokens"] == 0
        figures.rounds += size
        figures.bought += size
    stage.settled()
    return figures


def _one_family(stage: Stage, codes: list[str]) -> None:
    """Fail unless all siblings of each token live in the family of its code, beside the token that was rotated."""
    for family in stage.console("families", texts=codes):
        assert family["ended_by"] == ""
        assert family["refresh_tokens"] == stage.crowd.size + 1
        assert family["live"] == family["access_tokens"] == stage.crowd.size


def one_device_code(stage: Stage, rounds: int) -> Figures:
    """Race for device codes that a person has allowed: one set of tokens at most, dead once it was asked for again.

    Who asks too soon after another is told to slow down (RFC 8628 3.5), which is no replay.
    """
    figures = stage.figures("device code")
    for size in batches(rounds):
        codes: list[str] = stage.console("devices", count=size, **stage.who)
        bought: list[dict[str, Any]] = []
        for code in codes:
            answers = stage.crowd.everybody(stage.poll(code))
            won = at_most_one(answers, refused={INVALID, "400 slow_down"})
            replayed = any(answer.outcome == INVALID for answer in answers)
            (stage.dead if replayed else stage.alive)(won)
            figures.add(answers)
            bought += won
        assert {answer.outcome for answer in stage.crowd.each([stage.poll(code) for code in codes])} == {INVALID}
        stage.dead(bought)
        for family in stage.console("families", texts=codes):
            assert family["consumed"]
            assert family["ended_by"] == "device_code_replayed"
            assert family["refresh_tokens"] == 1
            assert family["live"] == family["access_tokens"] == 0
        figures.rounds += size
        figures.bought += len(bought)
    stage.settled()
    return figures
