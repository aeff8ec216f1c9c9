"""Shares a worker's memory among the transfers that are under way."""

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


class Share:
    """How many bytes each of several transfers may hold.

    Few transfers get large pieces, which cost the least; with many, slow ones among them, the
    pieces shrink, so that all of them together stay within the budget.

    Args:
        budget: bytes for all transfers together.
        largest: bytes for one, however few there are.
        smallest: bytes for one, however many there are.
        held: how many pieces of one transfer are in memory at once.
    """

    def __init__(
        self,
        budget: int = 16 * MEBIBYTE,
        largest: int = MEBIBYTE,
        smallest: int = 16 * KIBIBYTE,
        held: int = 1,
    ) -> None:
        self._budget = budget // held
        self._largest = largest
        self._smallest = smallest
        self._transfers = 0
        self.size = largest

    def enter(self) -> None:
        """Count a transfer in."""
        self._transfers += 1
        self._divide()

    def leave(self) -> None:
        """Count a transfer out."""
        self._transfers -= 1
        self._divide()

    def _divide(self) -> None:
        fair = self._budget // max(1, self._transfers)
        self.size = max(self._smallest, min(self._largest, fair))
