"""Draw flows a second as bars, in SVG."""

import math
from collections.abc import Iterable, Mapping
from html import escape

from benchmarks.measurement import Measurement, Summary, summarize
from benchmarks.scenarios import ORDER

COLOURS = {"floor": "#9a9a9a", "dot": "#c98a2b", "ours": "#2f6db5", "before": "#9db9d9", "peer": "#4f8f4f"}
WIDTH, LEFT, RIGHT = 860, 190, 90
BAR, GAP, TOP = 15, 12, 64
LEAST = 1.0


def draw(measurements: Iterable[Measurement], titles: Mapping[str, str]) -> str:
    """Return the plot: a group of bars for each scenario, on a logarithmic scale, the medians beside them."""
    summaries = list(summarize(measurements).values())
    if not summaries:
        return ""
    groups: dict[str, list[Summary]] = {}
    for one in sorted(summaries, key=lambda one: ORDER.index(one.scenario)):
        groups.setdefault(one.scenario, []).append(one)
    most = 10 ** math.ceil(math.log10(max(*(one.per_second for one in summaries), LEAST * 10)))
    height = TOP + sum(len(group) * BAR + GAP for group in groups.values()) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        "<style>text { font: 12px sans-serif }</style>",
        "<title>Flows a second, by scenario</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend([subject for subject in titles if any(one.subject == subject for one in summaries)], titles),
        *_grid(most, height),
    ]
    y = TOP
    for scenario, group in groups.items():
        middle = y + len(group) * BAR / 2 + 4
        parts.append(f'<text x="{LEFT - 8}" y="{middle:.1f}" text-anchor="end">{escape(scenario)}</text>')
        for one in group:
            parts += _bar(one, y, most)
            y += BAR
        y += GAP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _length(value: float, most: float) -> float:
    part = math.log10(max(value, LEAST) / LEAST) / math.log10(most / LEAST)
    return (WIDTH - LEFT - RIGHT) * part


def _bar(one: Summary, y: float, most: float) -> list[str]:
    length = _length(one.per_second, most)
    colour = COLOURS.get(one.subject, "#666666")
    return [
        f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>',
        f'<text x="{LEFT + length + 5:.1f}" y="{y + BAR - 4}">{one.per_second:,.0f}</text>',
    ]


def _legend(subjects: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    parts, x = ['<text x="12" y="20" font-weight="bold">Flows a second (median; logarithmic)</text>'], 12
    for subject in subjects:
        parts.append(f'<rect x="{x}" y="31" width="12" height="12" fill="{COLOURS.get(subject, "#666666")}"/>')
        parts.append(f'<text x="{x + 17}" y="41">{escape(titles[subject])}</text>')
        x += 36 + 7 * len(titles[subject])
    return parts


def _grid(most: float, height: int) -> list[str]:
    parts = []
    value = LEAST
    while value <= most:
        x = LEFT + _length(value, most)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 28}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle" fill="#555555">{value:,.0f}</text>')
        value *= 10
    return parts
