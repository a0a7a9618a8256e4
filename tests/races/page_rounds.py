"""Races for what is not a token: one kept authorization request, and one logout token at the consumer."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.factories import CALLBACK
from tests.races.crowd import Answer, Ask, outcomes
from tests.races.figures import Figures
from tests.races.stage import Stage, batches


def cookies(jar: Mapping[str, str]) -> tuple[str, str]:
    """Return the header by which a browser sends these."""
    return "Cookie", "; ".join(f"{name}={value}" for name, value in jar.items())


# --- A kept authorization request ------------------------------------------------------------------------------------


def one_request(stage: Stage, rounds: int) -> Figures:
    """Race to decide on kept requests, and then to take their answer away: each is decided and answered once.

    In every other round half of the crowd refuses.
    """
    figures = stage.figures("kept authorization request: its decision, then its answer")
    before = stage.console("authorizations", client_id=stage.made["client_id"])
    for size in batches(rounds):
        handles = stage.console("handles", challenge=stage.challenge, count=size, **stage.who)
        codes = []
        for number, handle in enumerate(handles):
            decided = stage.crowd.at_once(_decisions(stage, handle, divided=bool(number % 2)))
            assert outcomes(decided) == {"303": 1, "410": stage.crowd.size - 1}, outcomes(decided)
            answers = stage.crowd.everybody(_resumed(stage, handle))
            assert outcomes(answers) == {"302": 1, "410": stage.crowd.size - 1}, outcomes(answers)
            code = _code_of(answers)
            assert code is not None or number % 2
            codes += [code] if code is not None else []
            figures.add([*decided, *answers])
        bought = [answer.facts for answer in stage.crowd.each([stage.redeem(code) for code in codes])]
        stage.alive(bought)
        figures.rounds += size
        figures.bought += len(bought)
    assert stage.console("authorizations", client_id=stage.made["client_id"]) - before == figures.bought
    stage.settled()
    return figures


def _decisions(stage: Stage, handle: str, *, divided: bool) -> list[Ask]:
    csrf = secrets.token_hex(16)
    headers = (cookies(stage.made["cookies"] | {"csrftoken": csrf}), ("Origin", f"http://{stage.provider}"))
    scopes = ["nickname", "avatar", "offline_access"]
    forms = [
        {"csrfmiddlewaretoken": csrf, "decision": decision, "duration": "30", "scope": scopes}
        for decision in ("allow", "deny" if divided else "allow")
    ]
    path = f"/o/consent/{handle}/"
    return [Ask(stage.provider, path, forms[number % 2], headers) for number in range(stage.crowd.size)]


def _resumed(stage: Stage, handle: str) -> Ask:
    return Ask(stage.provider, f"/o/authorize/{handle}/", headers=(cookies(stage.made["cookies"]),))


def _code_of(answers: list[Answer]) -> str | None:
    """Return the code of the one answer to the client, ``None`` where it says that the person refused."""
    location = next(answer.location for answer in answers if answer.status == 302)
    assert location.startswith(CALLBACK), location
    told = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert "code" in told or told["error"] == "access_denied", told
    return told.get("code")


# --- A logout token --------------------------------------------------------------------------------------------------

CALENDAR = "/calendar/"


def one_logout_token(stage: Stage, rounds: int) -> Figures:
    """Deliver logout tokens many times at once: each is obeyed once, and a later sign-in outlives a further delivery.

    Everybody hears that it is done (OpenID Connect Back-Channel Logout 1.0 2.8): a provider that is told otherwise
    would send it again.
    """
    figures = stage.figures("logout token at the consumer")
    application = {"client_id": _calendar(stage), "username": stage.made["username"]}
    # Signed tokens live for two minutes.
    for size in batches(rounds, 25):
        sids = [str(uuid.uuid4()) for _number in range(size)]
        visits = stage.console("visits", sids=sids, **application)
        _want(stage, visits, "200")
        for visit in visits:
            answers = stage.crowd.everybody(_told(stage, visit))
            assert outcomes(answers) == {"200": stage.crowd.size}, outcomes(answers)
            figures.add(answers)
        _want(stage, visits, "302")
        again = stage.console("visits", sids=sids, **application)
        assert {answer.outcome for answer in stage.crowd.each([_told(stage, visit) for visit in visits])} == {"200"}
        _want(stage, again, "200")
        obeyed = stage.console("ended", sids=sids)
        assert obeyed == [[1]] * size, obeyed
        figures.rounds += size
        figures.bought += len(obeyed)
    stage.settled()
    return figures


def _calendar(stage: Stage) -> str:
    """Return the consumer's client ID, once every process knows the provider's keys."""
    if not hasattr(stage.fleet, "calendar"):
        stage.fleet.calendar = stage.console("calendar", port=stage.fleet.sites.port)  # type: ignore[attr-defined]
    client_id = str(stage.fleet.calendar)  # type: ignore[attr-defined]
    [visit] = stage.console("visits", client_id=client_id, username=stage.made["username"], sids=[str(uuid.uuid4())])
    for number in range(len(stage.fleet.hosts)):
        answer = stage.crowd.one(_told(stage, visit), client=number)
        assert answer.outcome == "200", (answer.outcome, answer.body)
    return client_id


def _told(stage: Stage, visit: dict[str, Any]) -> Ask:
    return Ask(stage.consumer, "/accounts/house/logout/backchannel/", {"logout_token": visit["token"]})


def _want(stage: Stage, visits: list[dict[str, Any]], outcome: str) -> None:
    """Fail unless all of these browsers are signed in at the consumer, or none is."""
    asks = [Ask(stage.consumer, CALENDAR, headers=(cookies(visit["cookies"]),)) for visit in visits]
    found = outcomes(stage.crowd.each(asks))
    assert found == {outcome: len(visits)}, found
