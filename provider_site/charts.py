"""The geometry of bar charts: whole numbers in, whole numbers out, nothing of how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Units of the drawing, which is stretched to the room there is.
STEP = 10
BAR = 8
HEIGHT = 1000
# What is more than nothing is seen, however high its neighbour is.
LEAST = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; ``y`` counts from the top, as in SVG. Without height: nothing happened."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side in a drawing of ``width`` times ``height``; ``ceiling`` is the number at its top."""

    width: int
    height: int
    ceiling: int
    bars: tuple[Bar, ...]


def ceiling(highest: int) -> int:
    """Return the least round number not below ``highest``: a digit other than 7 and 9, and zeros, read at a glance."""
    power = 1
    while True:
        for digit in (1, 2, 3, 4, 5, 6, 8):
            if digit * power >= highest:
                return digit * power
        power *= 10


def bar_chart(values: Sequence[int]) -> Chart:
    """Return a bar for each of ``values``, none of them negative, as high as its share of the ceiling."""
    top = ceiling(max(values, default=0))
    bars = []
    for place, value in enumerate(values):
        height = max(value * HEIGHT // top, LEAST) if value else 0
        bars.append(Bar(x=place * STEP + (STEP - BAR) // 2, y=HEIGHT - height, width=BAR, height=height))
    return Chart(width=max(len(values), 1) * STEP, height=HEIGHT, ceiling=top, bars=tuple(bars))


def grouped(values: Sequence[int], size: int) -> list[int]:
    """Return the sums of ``size`` neighbours each; the last group may be smaller."""
    return [sum(values[start : start + size]) for start in range(0, len(values), size)]
