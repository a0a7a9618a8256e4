"""policy/terms.py: what a decision reaches and what it does not, over terms that Hypothesis draws."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from provider_site.policy import terms
from provider_site.policy.terms import Term

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCOPES = ("openid", "nickname", "email", "pay")

moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - Hypothesis wants them naive
ends = st.none() | moments
limits = st.none() | st.integers(1, 700).map(lambda days: timedelta(days=days))
a_term = st.builds(Term, moments, ends, st.booleans(), st.sampled_from(["", "1", "2"]), st.booleans(), st.booleans())
scopes = st.frozensets(st.sampled_from(SCOPES))
some_terms = st.dictionaries(st.sampled_from(SCOPES), a_term)
WHOLE = Term(NOW, None, wording="1")


def not_longer(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether one end does not come after the other."""
    return other is None or (one is not None and one <= other)


class TestStored:
    @given(some_terms)
    def test_what_is_written_is_read(self, known: dict[str, Term]) -> None:
        stored = json.loads(json.dumps(terms.to_json(known)))
        assert terms.from_json(stored, scopes=known, whole=WHOLE) == known

    @given(some_terms, scopes, ends)
    def test_the_end_of_the_whole_bounds_each(
        self, known: dict[str, Term], names: frozenset[str], end: datetime | None
    ) -> None:
        whole = Term(NOW, end, wording="1")
        read = terms.from_json(terms.to_json(known), scopes=names, whole=whole)
        assert read.keys() == names
        assert all(not_longer(term.ends_at, end) for term in read.values())
        assert all(read[name] == whole for name in names - known.keys())


class TestTime:
    @given(a_term, limits, moments)
    def test_limit_only_shortens(self, term: Term, limit: timedelta | None, now: datetime) -> None:
        assert not_longer(term.end(limit), term.ends_at)
        assert term.holds(now, None) or not term.holds(now, limit)
        if limit is not None:
            assert not_longer(term.end(limit), term.given_at + limit)

    @given(a_term, st.integers(1, 700), st.integers(1, 700))
    def test_lower_limit_ends_no_later(self, term: Term, one: int, other: int) -> None:
        low, high = sorted([one, other])
        assert not_longer(term.end(timedelta(days=low)), term.end(timedelta(days=high)))

    @given(a_term, limits)
    def test_scope_holds_until_its_end_and_not_at_it(self, term: Term, limit: timedelta | None) -> None:
        end = term.end(limit)
        if end is None:
            assert term.holds(datetime.max.replace(tzinfo=UTC), limit)
        else:
            assert term.holds(end - timedelta(microseconds=1), limit)
            assert not term.holds(end, limit)

    @given(st.lists(ends))
    def test_earliest_and_latest_treat_none_as_never(self, every: list[datetime | None]) -> None:
        known = [end for end in every if end is not None]
        first, last = terms.earliest(every), terms.latest(every)
        assert first is None if not known else first == min(known)
        assert last is None if not known or None in every else last == max(known)

    @given(some_terms, limits, moments)
    def test_what_an_administrator_allowed_holds_for_the_sites_own_application_alone(
        self, known: dict[str, Term], limit: timedelta | None, now: datetime
    ) -> None:
        own = terms.held(known, now=now, limit=limit, first_party=True)
        other = terms.held(known, now=now, limit=limit, first_party=False)
        assert own == {name for name, term in known.items() if term.holds(now, limit)}
        assert other == {name for name in own if not known[name].unasked}


class TestDecision:
    @given(some_terms, scopes, scopes, scopes, a_term)
    def test_reaches_only_what_it_is_about(
        self,
        known: dict[str, Term],
        granted: frozenset[str],
        declined: frozenset[str],
        anew: frozenset[str],
        term: Term,
    ) -> None:
        declined -= granted
        after = terms.decided(known, granted=granted, declined=declined, anew=anew, term=term)
        assert after.keys() == (known.keys() - declined) | granted
        for name in after.keys() & known.keys() - (anew & granted):
            assert after[name] == known[name]
        for name in granted & (anew | (granted - known.keys())):
            assert after[name] == term

    @given(some_terms, scopes, scopes, a_term)
    def test_of_an_administrator_lasts_no_longer_than_the_person_had_wanted(
        self, known: dict[str, Term], granted: frozenset[str], anew: frozenset[str], term: Term
    ) -> None:
        after = terms.unasked(known, granted=granted, term=term, anew=anew)
        assert after.keys() == known.keys() | granted
        for name, before in known.items():
            assert not_longer(after[name].ends_at, before.ends_at)
            assert after[name].given_at == before.given_at
            if name not in granted & anew:
                assert after[name] == before
        assert all(after[name] == term for name in granted - known.keys())

    @given(some_terms)
    def test_stale_is_what_no_longer_answers(self, known: dict[str, Term]) -> None:
        stale = terms.stale(known, is_reworded=lambda _name, wording: wording != "1")
        for name, term in known.items():
            assert (name in stale) == (term.once or term.outdated or term.wording != "1")
