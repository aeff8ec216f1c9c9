"""Holds reading back to so many bytes a second, and ends it when it is to stop."""

import threading
import time


class Stopped(Exception):
    """The work was told to stop."""


class Pacer:
    """Used as a `Pace`, from the threads that read.

    Args:
        rate: bytes a second; None for as fast as it goes.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._rate = rate
        self._stop = threading.Event()
        self._free_at = time.monotonic()

    def __call__(self, size: int) -> None:
        """Wait for as long as these bytes take at the rate.

        Raises:
            Stopped: `stop` was called.
        """
        if self._stop.is_set():
            raise Stopped
        if self._rate is None:
            return
        # What was not used before is not saved up: a rate is a bound at every moment.
        self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
        if self._stop.wait(max(0.0, self._free_at - time.monotonic())):
            raise Stopped

    def stop(self) -> None:
        """End every reading that goes by this pace, now and later."""
        self._stop.set()
