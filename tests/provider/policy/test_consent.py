"""policy/consent.py, over every situation with three scopes."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.policy.consent import Outcome, PastConsent, Situation, choices, decide, granted

SCOPES = ("openid", "nickname", "email")
SETS = [frozenset(some) for size in range(4) for some in itertools.combinations(SCOPES, size)]
scopes = st.frozensets(st.sampled_from(SCOPES))


def situations() -> Iterator[Situation]:
    flags = list(itertools.product([False, True], repeat=2))
    pasts: list[PastConsent | None] = [None]
    for allowed in SETS:
        for declined in SETS:
            if not allowed & declined:
                pasts += [
                    PastConsent(allowed, declined, wording, ended, withdrawn)
                    for wording in ("1", "2")
                    for ended, withdrawn in flags
                ]
    for past, requested, required in itertools.product(pasts, [s for s in SETS if s], (frozenset(), {"openid"})):
        for prompt, decided in itertools.product(("", "consent", "select_account"), [False, True]):
            yield Situation(
                requested=requested,
                required=frozenset(required),
                wording_version="1",
                past=past,
                prompt_consent=prompt == "consent",
                prompt_select_account=prompt == "select_account",
                decided_for_this_request=decided,
            )


def test_granted_is_said_only_when_nothing_speaks_against_it() -> None:
    count = 0
    for situation in situations():
        if decide(situation) is Outcome.GRANTED:
            count += 1
            past = situation.past
            assert past is not None
            assert not past.withdrawn
            assert not past.ended
            assert past.wording_version == situation.wording_version
            assert situation.requested <= past.granted | past.declined
            assert situation.required & situation.requested <= past.granted
            asks = situation.prompt_consent or situation.prompt_select_account
            assert situation.decided_for_this_request or not asks
            assert situation.decided_for_this_request or situation.requested & past.granted
    assert count > 100


def test_granted_is_said_whenever_nothing_speaks_against_it() -> None:
    for situation in situations():
        past = situation.past
        fine = (
            past is not None
            and not (past.withdrawn or past.ended)
            and past.wording_version == "1"
            and situation.requested <= past.granted | past.declined
            and situation.required & situation.requested <= past.granted
            and (
                situation.decided_for_this_request
                or (
                    not (situation.prompt_consent or situation.prompt_select_account)
                    and situation.requested & past.granted
                )
            )
        )
        assert (decide(situation) is Outcome.GRANTED) == bool(fine)


OPEN = PastConsent(frozenset({"openid", "nickname"}), frozenset({"email"}), "1")


@pytest.mark.parametrize(
    ("past", "changes", "outcome"),
    [
        (None, {}, Outcome.FIRST_TIME),
        (PastConsent(OPEN.granted, OPEN.declined, "1", withdrawn=True), {}, Outcome.WITHDRAWN),
        (PastConsent(OPEN.granted, OPEN.declined, "1", ended=True), {}, Outcome.ENDED),
        (PastConsent(OPEN.granted, OPEN.declined, "0"), {}, Outcome.WORDING_CHANGED),
        (OPEN, {"requested": frozenset({"openid", "avatar"})}, Outcome.NEW_SCOPE),
        (OPEN, {"required": frozenset({"email"})}, Outcome.REQUIRED_DECLINED),
        (OPEN, {"requested": frozenset({"email"}), "required": frozenset()}, Outcome.ALL_DECLINED),
        (OPEN, {"prompt_consent": True}, Outcome.PROMPT),
        (OPEN, {"client_unproven": True}, Outcome.CLIENT_UNPROVEN),
        (OPEN, {"client_unproven": True, "decided_for_this_request": True}, Outcome.GRANTED),
        (OPEN, {"prompt_consent": True, "decided_for_this_request": True}, Outcome.GRANTED),
        (OPEN, {}, Outcome.GRANTED),
    ],
)
def test_each_reason_has_its_name(past: PastConsent | None, changes: dict[str, object], outcome: Outcome) -> None:
    facts: dict[str, object] = {
        "requested": frozenset({"openid", "email"}),
        "required": frozenset({"openid"}),
        "wording_version": "1",
        "past": past,
    }
    assert decide(Situation(**(facts | changes))) is outcome  # type: ignore[arg-type]


@given(requested=scopes, required=scopes, ticked=scopes)
def test_granted_never_exceeds_what_was_asked_and_never_lacks_what_is_required(
    requested: frozenset[str], required: frozenset[str], ticked: frozenset[str]
) -> None:
    result = granted(requested=requested, required=required, ticked=ticked)
    assert result <= requested
    assert requested & required <= result
    assert result - required <= ticked
    assert ticked & choices(requested=requested, required=required) <= result
