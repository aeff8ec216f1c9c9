"""Rows as a table: medians, the ratio, what is asked, and whether it is met."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import DISTRIBUTION, DOCKER, ENTREPOT, Row, Wanted

HEADINGS = ("work", "unit", DOCKER, DISTRIBUTION, ENTREPOT, "others", "ratio", "asked", "met")


def number(value: float | None) -> str:
    """Three digits that matter, thousands grouped."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def judged(row: Row, wanted: Wanted, rows: Sequence[Row]) -> str:
    """Say yes or NO; where the generator was the limit, by the CPU of a request."""
    met = row.judge(wanted)
    if met is None:
        return "-"
    if met or not (row.saturated and row.instead and wanted.than):
        return "yes" if met else "NO"
    other = next(one for one in rows if one.work == row.instead)
    ratio = other.ratio(wanted.than)
    if not ratio:
        return "NO"
    verdict = "yes" if 1 / ratio >= wanted.factor else "NO"
    return f"{verdict}, by CPU: {number(1 / ratio)}x less (generator is the limit)"


def cells(row: Row, rows: Sequence[Row]) -> list[str]:
    others = [
        f"{series}: {number(row.middle(series))}"
        for series in row.samples
        if series not in (DOCKER, DISTRIBUTION, ENTREPOT)
    ]
    bases = [wanted.than for wanted in row.wanted if wanted.than] or [DOCKER]
    ratios = [f"{ratio:.2f}x" for base in bases if (ratio := row.ratio(base)) is not None]
    return [
        row.work,
        row.unit,
        number(row.middle(DOCKER)),
        number(row.middle(DISTRIBUTION)),
        number(row.middle(ENTREPOT)),
        "; ".join(others),
        ", ".join(ratios),
        "; ".join(str(wanted) for wanted in row.wanted),
        "; ".join(judged(row, wanted, rows) for wanted in row.wanted),
    ]


def markdown(rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join(cells(row, rows)) + " |" for row in rows]
    return "\n".join(lines)


def plain(rows: Sequence[Row]) -> str:
    """The same for a terminal, columns aligned."""
    table = [list(HEADINGS)] + [cells(row, rows) for row in rows]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )


def spread(row: Row) -> str:
    """Every sample, so that a reader sees how much the rounds differ."""
    series = (
        f"{name}: {', '.join(number(value) for value in samples)}"
        for name, samples in row.samples.items()
    )
    return f"{row.work} ({row.unit}): " + "; ".join(series)
