"""Bars stay inside their drawing and keep their order, whatever the numbers are."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provider_site import charts

numbers = st.lists(st.integers(min_value=0, max_value=2**63), max_size=90)


@given(numbers)
@example([])
@example([0] * 30)
@example([1])
@example([1_000_000, 1, 0])
def test_every_bar_is_inside_the_drawing_and_apart_from_its_neighbours(values: list[int]) -> None:
    chart = charts.bar_chart(values)
    assert len(chart.bars) == len(values)
    for bar in chart.bars:
        assert 0 <= bar.x < bar.x + bar.width <= chart.width
        assert 0 <= bar.y <= bar.y + bar.height == chart.height
    for left, right in itertools.pairwise(chart.bars):
        assert left.x + left.width < right.x


@given(numbers)
@example([1_000_000, 1, 0])
def test_something_is_seen_nothing_is_not_and_more_is_never_lower(values: list[int]) -> None:
    chart = charts.bar_chart(values)
    assert [bar.height > 0 for bar in chart.bars] == [value > 0 for value in values]
    by_value = sorted(zip(values, (bar.height for bar in chart.bars), strict=True))
    heights = [height for _value, height in by_value]
    assert heights == sorted(heights)


@given(st.integers(min_value=1, max_value=2**63))
def test_ceiling_is_a_round_number_that_the_highest_bar_fills_to_half_at_least(highest: int) -> None:
    top = charts.ceiling(highest)
    assert highest <= top <= 2 * highest
    assert str(top).strip("0") in {"1", "2", "3", "4", "5", "6", "8"}
    assert charts.bar_chart([highest]).bars[0].height >= charts.HEIGHT // 2


@pytest.mark.parametrize(("highest", "top"), [(0, 1), (1, 1), (7, 8), (9, 10), (218, 300), (1_000_000, 1_000_000)])
def test_ceiling_of_known_numbers(highest: int, top: int) -> None:
    assert charts.ceiling(highest) == top


@given(numbers, st.integers(min_value=1, max_value=10))
def test_groups_lose_nothing(values: list[int], size: int) -> None:
    groups = charts.grouped(values, size)
    assert sum(groups) == sum(values)
    assert len(groups) == -(-len(values) // size)
