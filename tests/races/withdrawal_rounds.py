"""A race that a person has to win: they take everything back while their codes are exchanged."""

from __future__ import annotations

import secrets
from typing import Any

from tests.races.crowd import Ask
from tests.races.figures import Figures
from tests.races.page_rounds import cookies
from tests.races.stage import Stage

INVALID = "400 invalid_grant"


def one_withdrawal(stage: Stage, rounds: int) -> Figures:
    """Withdraw while everybody else exchanges a code of their own: it is done, and nothing bought outlives it.

    The consent has never been used: each exchange wants to note that it is, in the row that the withdrawal holds.
    """
    figures = stage.figures("withdrawal, while codes are exchanged")
    for _round in range(rounds):
        codes = stage.codes(stage.crowd.size - 1)
        exchanges = [stage.redeem(code) for code in codes]
        middle = len(exchanges) // 2
        answers = stage.crowd.at_once([*exchanges[:middle], _withdrawal(stage), *exchanges[middle:]])
        figures.add(answers)
        withdrawn = answers.pop(middle)
        assert withdrawn.outcome == "303", (withdrawn.outcome, withdrawn.body)
        others = {answer.outcome for answer in answers}
        assert others <= {"200", INVALID}, others
        bought: list[dict[str, Any]] = [answer.facts for answer in answers if answer.status == 200]
        stage.dead([*bought[:2], *bought[-2:]])
        for family in stage.console("families", texts=codes):
            assert family["ended_by"] == "consent_withdrawn"
            assert family["live"] == family["access_tokens"] == 0
        figures.rounds += 1
        figures.bought += bool(bought)
        stage.console("allow", **stage.who)
    stage.settled()
    return figures


def _withdrawal(stage: Stage) -> Ask:
    csrf = secrets.token_hex(16)
    headers = (cookies(stage.made["cookies"] | {"csrftoken": csrf}), ("Origin", f"http://{stage.provider}"))
    return Ask(stage.provider, f"/o/apps/{stage.made['key']}/withdraw/", {"csrfmiddlewaretoken": csrf}, headers)
