"""policy/consent.py: a table of situations, then every property that must hold in all of them."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.policy import consent
from provider_site.policy.consent import Closed, Outcome, PastConsent, Situation, choices, decide, granted
from tests.provider.policy import consent_table
from tests.provider.policy.consent_table import TABLE, Row

SCOPES = ("openid", "nickname", "pay")
SILENT = {Outcome.GRANTED, Outcome.NOT_ASKED}
# From the most basic reason to what a client asks for: of several, the first is named.
ORDER = [
    Outcome.FIRST_TIME,
    Outcome.NEVER_ASKED,
    Outcome.FACTS_CHANGED,
    Outcome.WORDING_CHANGED,
    Outcome.NEW_SCOPE,
    Outcome.ONCE,
    Outcome.REQUIRED_DECLINED,
    Outcome.ALL_DECLINED,
    Outcome.PROMPT,
    Outcome.SENSITIVE,
    Outcome.SELECT_ACCOUNT,
    Outcome.CLIENT_UNPROVEN,
]

scopes = st.frozensets(st.sampled_from(SCOPES))
some_scopes = st.frozensets(st.sampled_from(SCOPES), min_size=1)


@st.composite
def pasts(draw: st.DrawFn) -> PastConsent:
    """Draw what a record can say: nothing is both allowed and declined, and only what holds has its marks."""
    allowed = draw(scopes)
    return PastConsent(
        granted=allowed,
        declined=draw(scopes) - allowed,
        once=allowed & draw(scopes),
        ended=draw(scopes) - allowed,
        old_wording=allowed & draw(scopes),
        unasked=draw(scopes),
        closed=draw(st.none() | st.sampled_from(Closed)),
        facts_changed=draw(st.booleans()),
    )


situations = st.builds(
    Situation,
    requested=some_scopes,
    required=scopes,
    past=st.none() | pasts(),
    sensitive=st.just(frozenset()) | st.just(frozenset({"pay"})),
    first_party=st.booleans(),
    prompt_consent=st.booleans(),
    prompt_select_account=st.booleans(),
    decided_for_this_request=st.booleans(),
    client_unproven=st.booleans(),
)


def reasons_remembered(situation: Situation) -> set[Outcome]:
    """Return every reason to ask that lies in the record: an oracle that knows no order."""
    past, asked = situation.past, situation.requested
    if past is None:
        return {Outcome.FIRST_TIME}
    if past.closed is not None:
        over = {Closed.ENDED: Outcome.ENDED, Closed.UNUSED: Outcome.UNUSED}
        return {over.get(past.closed, Outcome.WITHDRAWN)}  # who ended it for the person, did it in their place
    found = set()
    if not situation.first_party and any(name in past.unasked for name in asked):
        found.add(Outcome.NEVER_ASKED)
    if past.facts_changed:
        found.add(Outcome.FACTS_CHANGED)
    if any(name in past.old_wording for name in asked):
        found.add(Outcome.WORDING_CHANGED)
    missing = [name for name in asked if name not in past.granted and name not in past.declined]
    if missing:
        found.add(Outcome.ENDED if all(name in past.ended for name in missing) else Outcome.NEW_SCOPE)
    if any(name in situation.required and name not in past.granted for name in asked):
        found.add(Outcome.REQUIRED_DECLINED)
    if not situation.decided_for_this_request:
        if any(name in past.once for name in asked):
            found.add(Outcome.ONCE)
        if not any(name in past.granted for name in asked):
            found.add(Outcome.ALL_DECLINED)
    return found


def reasons_each_time(situation: Situation) -> set[Outcome]:
    """Return what is asked about whatever is remembered."""
    declined = situation.past.declined if situation.past is not None else frozenset()
    sensitive = any(name in situation.sensitive and name not in declined for name in situation.requested)
    reasons = {
        Outcome.PROMPT: situation.prompt_consent,
        Outcome.SENSITIVE: sensitive,
        Outcome.SELECT_ACCOUNT: situation.prompt_select_account,
        Outcome.CLIENT_UNPROVEN: situation.client_unproven,
    }
    return {reason for reason, holds in reasons.items() if holds}


def reasons(situation: Situation) -> set[Outcome]:
    """Return every reason to ask that holds."""
    answered = situation.decided_for_this_request
    return reasons_remembered(situation) | (set() if answered else reasons_each_time(situation))


class TestTable:
    @pytest.mark.parametrize("row", TABLE, ids=lambda row: row.words)
    def test_situation_has_its_outcome(self, row: Row) -> None:
        assert decide(row.situation) is row.outcome

    def test_every_outcome_has_a_row(self) -> None:
        assert {row.outcome for row in TABLE} == set(Outcome)

    def test_no_situation_is_told_twice(self) -> None:
        assert len({row.words for row in TABLE}) == len({row.situation for row in TABLE}) == len(TABLE)

    def test_document_is_what_the_table_says(self) -> None:
        assert consent_table.DOCUMENT.read_text(encoding="utf-8") == consent_table.rendered()


class TestDecision:
    @given(situations)
    def test_granted_exactly_where_no_reason_holds(self, situation: Situation) -> None:
        assert (decide(situation) is Outcome.GRANTED) == (not reasons(situation))

    @given(situations)
    def test_reason_named_is_one_that_holds(self, situation: Situation) -> None:
        outcome = decide(situation)
        assert outcome in SILENT | reasons(situation)

    @given(situations)
    def test_the_most_basic_reason_is_named(self, situation: Situation) -> None:
        outcome, found = decide(situation), reasons(situation)
        ranked = [reason for reason in ORDER if reason in found]
        if outcome in ORDER and (situation.past is None or situation.past.closed is None):
            assert outcome is ranked[0] or Outcome.ENDED in found

    @given(situations)
    def test_granted_covers_the_request_with_the_persons_own_decision(self, situation: Situation) -> None:
        if decide(situation) is not Outcome.GRANTED:
            return
        past = situation.past
        assert past is not None
        assert past.closed is None
        assert situation.requested <= past.granted | past.declined
        assert situation.required & situation.requested <= past.granted
        if not situation.first_party:
            assert not situation.requested & past.unasked
        if not situation.decided_for_this_request:
            assert situation.requested & past.granted
            assert not situation.requested & past.granted & (situation.sensitive | past.once)

    @given(situations)
    def test_not_asked_only_where_the_site_may_speak_for_the_person(self, situation: Situation) -> None:
        if decide(situation) is not Outcome.NOT_ASKED:
            return
        assert situation.first_party
        assert situation.past is None or situation.past.closed not in {Closed.WITHDRAWN, Closed.ADMINISTRATOR}
        assert not any((situation.prompt_consent, situation.prompt_select_account, situation.client_unproven))
        unasked = consent.granted_unasked(situation)
        assert unasked
        assert not unasked & situation.sensitive
        assert situation.required & situation.requested <= unasked

    @given(situations)
    def test_first_party_is_never_asked_more_than_others(self, situation: Situation) -> None:
        if decide(replace(situation, first_party=False)) is Outcome.GRANTED:
            assert decide(replace(situation, first_party=True)) is Outcome.GRANTED

    @given(situations)
    def test_what_nobody_asks_for_anew_never_ends_the_silence(self, situation: Situation) -> None:
        """A client gets no further by asking for less by ``prompt`` than it would by asking for nothing of it."""
        quiet = replace(situation, prompt_consent=False, prompt_select_account=False)
        if decide(situation) in SILENT:
            assert decide(quiet) in SILENT

    def test_every_situation_of_two_scopes_agrees_with_the_oracle(self) -> None:
        """Hypothesis draws; this goes through all."""
        two = [frozenset(some) for size in range(3) for some in itertools.combinations(("openid", "pay"), size)]
        count = 0
        for held, declined, once, ended, wording in itertools.product(two, repeat=5):
            if held & declined or held & ended or not once <= held or not wording <= held:
                continue
            for closed, facts, asked, answered in itertools.product(
                (None, *Closed), (False, True), two[1:], (False, True)
            ):
                past = PastConsent(held, declined, once, ended, wording, closed=closed, facts_changed=facts)
                situation = Situation(asked, frozenset({"openid"}), past, decided_for_this_request=answered)
                count += 1
                assert (decide(situation) is Outcome.GRANTED) == (not reasons(situation)), situation
        assert count > 3_000


class TestWhatAPageShows:
    @given(situations)
    def test_settled_is_known_and_known_is_requested(self, situation: Situation) -> None:
        assert consent.settled(situation) <= consent.known(situation) <= situation.requested
        assert consent.settled(situation) <= consent.ticked(situation)

    @given(situations)
    def test_no_box_comes_ticked_but_the_persons_own_word(self, situation: Situation) -> None:
        past, ticked = situation.past, consent.ticked(situation)
        assert not ticked & situation.sensitive
        if ticked:
            assert past is not None
            assert past.closed is None
            assert not past.facts_changed
            assert ticked <= past.granted
            assert not ticked & (past.once | past.old_wording | past.unasked | past.declined)

    @given(situations)
    def test_nothing_is_settled_where_everything_is_asked(self, situation: Situation) -> None:
        everything = {Outcome.FACTS_CHANGED, Outcome.PROMPT, Outcome.SELECT_ACCOUNT, Outcome.CLIENT_UNPROVEN}
        if situation.prompt_consent or decide(situation) in everything:
            assert not consent.settled(situation)


class TestWhatADecisionGrants:
    @given(requested=scopes, required=scopes, ticked=scopes)
    def test_never_more_than_was_asked_and_never_less_than_is_required(
        self, requested: frozenset[str], required: frozenset[str], ticked: frozenset[str]
    ) -> None:
        result = granted(requested=requested, required=required, ticked=ticked)
        assert result <= requested
        assert requested & required <= result
        assert result - required <= ticked
        assert ticked & choices(requested=requested, required=required) <= result

    @given(situations)
    def test_unasked_never_includes_what_was_declined(self, situation: Situation) -> None:
        unasked = consent.granted_unasked(situation)
        assert unasked <= situation.requested
        if situation.past is not None:
            assert not unasked & situation.past.declined
