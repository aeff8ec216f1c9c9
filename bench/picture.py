"""The ratios as a picture: one bar a kind of work, the asked figure as a mark. Plain SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import Comparison, Row, Wanted

WIDTH, LEFT, RIGHT, LINE = 1160, 560, 150, 30
GOOD, BAD, MARK = "#2a7d4f", "#b5412f", "#333333"


@dataclass(frozen=True, slots=True)
class Bar:
    """How many times better than the other series, and how many times is asked."""

    label: str
    better: float
    asked: float
    met: bool


def bar_of(row: Row, wanted: Wanted) -> Bar | None:
    """Better is always to the right: a "times less" is turned around."""
    ratio, met = (row.ratio(wanted.than) if wanted.than else None), row.judge(wanted)
    if not ratio or met is None:
        return None
    label = f"{row.work} ({row.unit}), against {wanted.than}"
    if wanted.comparison is Comparison.AT_MOST:
        return Bar(label, 1 / ratio, 1 / wanted.factor, met)
    return Bar(label, ratio, wanted.factor, met)


def bars_of(rows: Sequence[Row]) -> list[Bar]:
    found = (bar_of(row, wanted) for row in rows for wanted in row.wanted)
    return [bar for bar in found if bar is not None]


def svg(rows: Sequence[Row]) -> str:
    """Draw the bars on a logarithmic scale."""
    bars = bars_of(rows)
    highest = max([4.0] + [max(bar.better, bar.asked) for bar in bars])
    lowest = min([0.5] + [min(bar.better, bar.asked) for bar in bars])
    span = math.log(highest / lowest)

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / lowest) / span

    height = LINE * (len(bars) + 3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<text x="10" y="20" font-size="14">How many times better; the dark mark is what is '
        "asked; logarithmic</text>",
        f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{LINE}" y2="{height - LINE}" stroke="#999"/>',
        f'<text x="{x(1):.1f}" y="{height - 12}" text-anchor="middle">1x</text>',
    ]
    for index, bar in enumerate(bars):
        y = LINE * (index + 1.3)
        left, right = sorted((x(1), x(bar.better)))
        colour = GOOD if bar.met else BAD
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 13:.1f}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(right - left, 1):.1f}" height="18" '
            f'fill="{colour}"/>',
            f'<rect x="{x(bar.asked) - 1:.1f}" y="{y - 3:.1f}" width="2" height="24" '
            f'fill="{MARK}"/>',
            f'<text x="{max(right, x(bar.asked)) + 6:.1f}" y="{y + 13:.1f}">'
            f"{bar.better:.1f}x, asked {bar.asked:.3g}x</text>",
        ]
    return "\n".join([*parts, "</svg>", ""])
