"""Walks through a list, page by page."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

Row = TypeVar("Row")
Place = TypeVar("Place")


async def all_pages(
    fetch: Callable[[Place, int], Awaitable[list[Row]]],
    first: Place,
    place: Callable[[Row], Place],
    limit: int,
) -> list[Row]:
    """Gather every row; fails when a page is too long or gives a row again.

    Args:
        fetch: gives the page behind a place, of so many rows at most.
        first: the place before the first row.
        place: tells a row's place.
        limit: rows in a page at most.
    """
    rows: list[Row] = []
    while page := await fetch(place(rows[-1]) if rows else first, limit):
        assert len(page) <= limit
        assert not {place(row) for row in page} & {place(row) for row in rows}
        rows += page
    return rows
