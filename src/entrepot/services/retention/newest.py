"""The first few of many, in bounded memory."""

import heapq
from typing import Any


class Newest:
    """Holds so many tags with the greatest keys. Which these are, does not depend on the order.

    Args:
        number: how many.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._heap: list[tuple[Any, str]] = []

    def see(self, key: Any, tag: str) -> None:
        """Look at a tag; of equal keys the greater name counts."""
        if len(self._heap) < self._number:
            heapq.heappush(self._heap, (key, tag))
        elif (key, tag) > self._heap[0]:
            heapq.heapreplace(self._heap, (key, tag))

    def holds(self, key: Any, tag: str) -> bool:
        """Tell whether a tag is among them, or would be, had it been there when they were seen."""
        return len(self._heap) < self._number or (key, tag) >= self._heap[0]
