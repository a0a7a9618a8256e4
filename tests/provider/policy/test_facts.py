"""The reviewed facts: what differs, what only takes away, and what an approval names."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provider_site.policy import grants
from provider_site.policy.facts import (
    CALLED,
    LISTS,
    TEXTS,
    Change,
    Facts,
    Kind,
    Missing,
    ScopeRequest,
    diff,
    digest,
    missing,
    only_narrows,
)

SMALL = st.sampled_from(["", "a", "b", "名"])
URIS = st.lists(st.sampled_from(["https://a.example/", "https://b.example/", "https://c.example/"]), max_size=4)
REQUESTS = st.builds(ScopeRequest, required=st.booleans(), justification=SMALL)
SCOPES = st.dictionaries(st.sampled_from(["openid", "nickname", "avatar"]), REQUESTS)
FACTS = st.builds(
    Facts,
    **dict.fromkeys(TEXTS, SMALL),
    **dict.fromkeys(LISTS, URIS.map(tuple)),
    scopes=SCOPES,
)

COMPLETE = Facts(
    name="Calendar",
    description="Shows your days.",
    homepage_url="https://app.example.com/",
    privacy_policy_url="https://app.example.com/privacy",
    redirect_uris=("https://app.example.com/callback",),
    scopes={"openid": ScopeRequest(required=True), "nickname": ScopeRequest(justification="To greet you.")},
)


def plain(facts: Facts) -> Facts:
    """Return the facts without the order and doubles of their lists, which change nothing."""
    return replace(facts, **{name: tuple(sorted(set(getattr(facts, name)))) for name in LISTS})


def applied(before: Facts, changes: list[Change]) -> Facts:
    """Return what a reader of the changes takes the facts to be after them."""
    texts = {name: getattr(before, name) for name in TEXTS}
    lists = {name: set(getattr(before, name)) for name in LISTS}
    scopes = dict(before.scopes)
    for change in changes:
        if change.fact in TEXTS:
            assert (texts[change.fact], change.entry) == (change.before, "")
            texts[change.fact] = change.after
        elif change.fact in LISTS:
            assert change.entry == (change.before or change.after)
            act = lists[change.fact].remove if change.kind is Kind.REMOVED else lists[change.fact].add
            act(change.entry)
        elif change.kind is Kind.REMOVED:
            del scopes[change.entry]
        else:
            scopes[change.entry] = ScopeRequest(**json.loads(change.after))
    return Facts(**texts, **{name: tuple(sorted(entries)) for name, entries in lists.items()}, scopes=scopes)


class TestJson:
    @given(FACTS)
    def test_what_is_written_is_read_back(self, facts: Facts) -> None:
        assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts

    def test_nothing_is_empty_facts_and_unknown_names_are_left_out(self) -> None:
        assert Facts.from_json({}) == Facts()
        assert Facts.from_json({"name": "A", "client_secret": "s"}) == Facts(name="A")


class TestDiff:
    @given(FACTS)
    def test_the_same_differs_in_nothing(self, facts: Facts) -> None:
        assert diff(facts, facts) == []

    @given(FACTS, FACTS)
    def test_changes_lead_from_one_to_the_other(self, before: Facts, after: Facts) -> None:
        assert applied(before, diff(before, after)) == plain(after)

    @given(FACTS, FACTS)
    def test_empty_exactly_when_nothing_but_order_differs(self, before: Facts, after: Facts) -> None:
        assert (diff(before, after) == []) == (plain(before) == plain(after))

    @given(FACTS, FACTS)
    def test_the_way_back_has_the_opposite_changes(self, before: Facts, after: Facts) -> None:
        opposite = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED, Kind.CHANGED: Kind.CHANGED}
        there = {(c.fact, c.entry, opposite[c.kind], c.after, c.before) for c in diff(before, after)}
        assert {(c.fact, c.entry, c.kind, c.before, c.after) for c in diff(after, before)} == there

    def test_each_kind_is_named(self) -> None:
        before = replace(COMPLETE, terms_url="https://app.example.com/terms")
        after = replace(
            COMPLETE,
            name="Kalender",
            logo="key",
            redirect_uris=("https://new.example.com/",),
            scopes={"openid": ScopeRequest(required=True), "nickname": ScopeRequest(required=True)},
        )
        assert [(c.fact, str(c.kind), c.entry) for c in diff(before, after)] == [
            ("name", "changed", ""),
            ("terms_url", "removed", ""),
            ("logo", "added", ""),
            ("redirect_uris", "removed", "https://app.example.com/callback"),
            ("redirect_uris", "added", "https://new.example.com/"),
            ("scopes", "changed", "nickname"),
        ]


class TestOnlyNarrows:
    @given(FACTS, FACTS)
    def test_nothing_comes_by_a_change_that_only_narrows(self, before: Facts, after: Facts) -> None:
        if not only_narrows(before, after):
            return
        assert all(getattr(after, name) == getattr(before, name) for name in TEXTS if name not in CALLED)
        assert all(getattr(after, name) in {getattr(before, name), ""} for name in CALLED)
        assert all(set(getattr(after, name)) <= set(getattr(before, name)) for name in LISTS)
        for name, scope in after.scopes.items():
            assert scope.justification == before.scopes[name].justification
            assert before.scopes[name].required or not scope.required

    @given(FACTS, st.data())
    def test_whatever_is_only_taken_away_narrows(self, before: Facts, data: st.DataObject) -> None:
        def part(entries: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(entry for entry in entries if data.draw(st.booleans()))

        def less(scope: ScopeRequest) -> ScopeRequest:
            return replace(scope, required=scope.required and data.draw(st.booleans()))

        scopes = {name: less(before.scopes[name]) for name in part(tuple(before.scopes))}
        kept: dict[str, Any] = {name: part(getattr(before, name)) for name in LISTS}
        kept |= {name: getattr(before, name) if data.draw(st.booleans()) else "" for name in CALLED}
        after = replace(before, scopes=scopes, **kept)
        assert only_narrows(before, after)

    @given(FACTS, FACTS, FACTS)
    def test_two_steps_that_narrow_are_one(self, first: Facts, second: Facts, third: Facts) -> None:
        if only_narrows(first, second) and only_narrows(second, third):
            assert only_narrows(first, third)

    @pytest.mark.parametrize(
        "widened",
        [
            replace(COMPLETE, name="Other"),
            replace(COMPLETE, description=""),
            replace(COMPLETE, logo="key"),
            replace(COMPLETE, redirect_uris=("https://app.example.com/callback", "https://new.example.com/")),
            replace(COMPLETE, redirect_uris=("https://new.example.com/",)),
            replace(COMPLETE, allowed_origins=("https://app.example.com",)),
            *(replace(COMPLETE, **{name: "https://app.example.com/called"}) for name in CALLED),
            replace(COMPLETE, post_logout_redirect_uris=("https://app.example.com/",)),
            replace(COMPLETE, scopes={**COMPLETE.scopes, "email": ScopeRequest()}),
            replace(COMPLETE, scopes={**COMPLETE.scopes, "nickname": ScopeRequest(True, "To greet you.")}),
            replace(COMPLETE, scopes={**COMPLETE.scopes, "nickname": ScopeRequest(False, "Because.")}),
            replace(COMPLETE, scopes={"openid": ScopeRequest(justification="Now with words")}),
        ],
    )
    def test_anything_more_or_other_is_looked_at(self, widened: Facts) -> None:
        assert not only_narrows(COMPLETE, widened)


class TestDigest:
    @given(FACTS, FACTS, FACTS, FACTS)
    def test_stands_for_both_sides(self, before: Facts, after: Facts, other_before: Facts, other_after: Facts) -> None:
        same = (before.to_json(), after.to_json()) == (other_before.to_json(), other_after.to_json())
        assert (digest(before, after) == digest(other_before, other_after)) == same

    @given(FACTS, FACTS)
    def test_is_of_one_direction(self, before: Facts, after: Facts) -> None:
        assume(before != after)
        assert digest(before, after) != digest(after, before)

    @given(FACTS)
    def test_is_the_same_however_the_database_orders_scopes(self, facts: Facts) -> None:
        turned = replace(facts, scopes=dict(reversed(facts.scopes.items())))
        assert digest(Facts(), turned) == digest(Facts(), facts)
        assert digest(Facts(), Facts.from_json(facts.to_json())) == digest(Facts(), facts)

    def test_one_character_is_another_change(self) -> None:
        assert digest(Facts(), COMPLETE) != digest(Facts(), replace(COMPLETE, name="Calendаr"))  # Cyrillic


class TestMissing:
    def test_complete_facts_lack_nothing(self) -> None:
        assert missing(COMPLETE) == []

    @pytest.mark.parametrize(
        ("facts", "lacks"),
        [
            (replace(COMPLETE, description=""), Missing.DESCRIPTION),
            (replace(COMPLETE, homepage_url=""), Missing.HOMEPAGE),
            (replace(COMPLETE, privacy_policy_url=""), Missing.PRIVACY_POLICY),
            (replace(COMPLETE, redirect_uris=()), Missing.REDIRECT_URI),
            (replace(COMPLETE, scopes={}), Missing.SCOPES),
            (replace(COMPLETE, scopes={"nickname": ScopeRequest()}), Missing.JUSTIFICATION),
        ],
    )
    def test_each_lack_is_named(self, facts: Facts, lacks: Missing) -> None:
        assert missing(facts) == [lacks]

    def test_machine_needs_no_address_people_come_back_to(self) -> None:
        machine = replace(COMPLETE, redirect_uris=(), scopes={}, privacy_policy_url="")
        assert missing(machine, grant=grants.CLIENT_CREDENTIALS) == []
        assert Missing.REDIRECT_URI in missing(machine)

    def test_device_needs_what_people_read_but_nowhere_to_come_back_to(self) -> None:
        device = replace(COMPLETE, redirect_uris=())
        assert missing(device, grant=grants.DEVICE_CODE) == []
        bare = missing(replace(device, scopes={}, privacy_policy_url=""), grant=grants.DEVICE_CODE)
        assert bare == [Missing.PRIVACY_POLICY, Missing.SCOPES]
