"""Holds reading back to so many bytes a second."""

import asyncio
import time


class Pacer:
    """Used as a `Pace` by one reader at a time.

    Args:
        rate: bytes a second; None for as fast as it goes.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._rate = rate
        self._free_at = time.monotonic()

    async def __call__(self, size: int) -> None:
        """Wait for as long as these bytes take at the rate."""
        if self._rate is None:
            return
        # What was not used before is not saved up: a rate is a bound at every moment.
        self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
        await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
