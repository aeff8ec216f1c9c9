"""Passing over names that a caller cannot see, whatever comes between those that it can."""

from collections.abc import Iterable

# Behind every character that a repository's name may have.
_LAST = "~"


def next_visible(heads: Iterable[str], after: str) -> str | None:
    """Give where to look on in a list of names, in byte order, for those that begin with a head.

    Args:
        heads: the first components of all names that can be seen.
        after: the name behind which to look.

    Returns:
        A text with nothing between it and the next that can be seen, at or behind `after`; None
        where nothing that can be seen lies behind.
    """
    nearest: str | None = None
    for head in heads:
        below = f"{head}/"
        if after.startswith(below):
            return after  # in the middle of what can be seen
        first = head if after < head else below if after < below else None
        if first is not None and (nearest is None or first < nearest):
            nearest = first
    if nearest is None:
        return None
    return max(after, nearest[:-1] + chr(ord(nearest[-1]) - 1) + _LAST)
