"""policy/durations.py: what is offered, and what it comes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_site.policy import durations
from provider_site.policy.durations import Duration

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

a_duration = st.none() | st.just(durations.ONCE) | st.integers(1, 36_500)
choices = st.lists(a_duration, min_size=1, max_size=6, unique=True)
limits = st.none() | st.integers(1, 36_500)


class TestText:
    @given(a_duration)
    def test_what_is_written_is_read(self, duration: Duration) -> None:
        assert durations.from_text(durations.to_text(duration)) == duration

    @given(st.text(max_size=8) | st.sampled_from([" 7", "7 ", "+7", "07", "7_0", "٧", "1e3", "None", "ONCE", ""]))
    def test_nothing_else_is_read(self, text: str) -> None:
        try:
            duration = durations.from_text(text)
        except ValueError:
            return
        assert durations.to_text(duration) == text

    @pytest.mark.parametrize("text", [" 7", "+7", "07", "7_0", "٧", "", "until-withdrawn "])
    def test_what_only_looks_like_one_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"duration|invalid literal"):
            durations.from_text(text)


class TestOffers:
    @given(choices, limits)
    def test_nothing_offered_lasts_longer_than_the_limit(self, offers: list[Duration], limit: int | None) -> None:
        offered = durations.offered(offers, limit=limit)
        assert offered
        assert len(set(offered)) == len(offered)
        if limit is not None:
            assert None not in offered
            assert all(offer == durations.ONCE or (isinstance(offer, int) and offer <= limit) for offer in offered)

    @given(choices, limits)
    def test_what_is_short_enough_stays_and_only_the_limit_is_new(
        self, offers: list[Duration], limit: int | None
    ) -> None:
        offered = durations.offered(offers, limit=limit)
        short = [offer for offer in offers if limit is None or offer == durations.ONCE or (offer or limit + 1) <= limit]  # type: ignore[operator]  # "once" is asked first
        assert [offer for offer in offered if offer in offers] == [
            offer for offer in offers if offer in short or offer == limit
        ]
        assert set(offered) - set(offers) <= {limit}
        if len(short) == len(offers):
            assert offered == offers

    @given(choices, a_duration)
    def test_preselected_is_offered_and_the_wish_where_that_is(self, offers: list[Duration], wish: Duration) -> None:
        chosen = durations.preselected(offers, wish=wish)
        assert chosen in offers
        if wish in offers:
            assert chosen == wish

    @pytest.mark.parametrize(
        ("offers", "wish", "chosen"),
        [
            (["once", 1, 30, 365, None], 30, 30),
            (["once", 1, 7], 30, 7),
            (["once", 1, 30], None, 30),
            (["once", 1, 30], "once", "once"),
            ([90, None], 30, 90),
            (["once"], 30, "once"),
        ],
    )
    def test_example(self, offers: list[Duration], wish: Duration, chosen: Duration) -> None:
        assert durations.preselected(offers, wish=wish) == chosen

    @given(st.lists(limits))
    def test_shortest_is_the_lowest_that_there_is(self, every: list[int | None]) -> None:
        known = [limit for limit in every if limit is not None]
        assert durations.shortest(*every) == (min(known) if known else None)


class TestEnd:
    def test_until_withdrawn_never_comes(self) -> None:
        assert durations.end(now=NOW, duration=None, once=HOUR) is None

    def test_once_lasts_as_long_as_a_sign_in_may(self) -> None:
        assert durations.end(now=NOW, duration="once", once=HOUR) == NOW + HOUR

    @given(st.integers(1, 36_500))
    def test_days_are_days(self, days: int) -> None:
        assert durations.end(now=NOW, duration=days, once=HOUR) == NOW + timedelta(days=days)
