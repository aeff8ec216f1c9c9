"""Doubts a clock that has run ahead: what goes by its age would all go at once, for ever.

A machine without a battery may come up years ahead, and be put right a few minutes later. So what
removes by age writes down once an hour, in the job ledger, which moment it has seen. A clock that
is far ahead of that, or that jumps while the process runs, is doubted for a day. Then it is
believed: the registry may have been switched off for a year. A clock that goes back in that time
was wrong, and is believed at once.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.jobs import JobLedger

logger = logging.getLogger("entrepot.clock")

NAME = "clock"
_KNOWN_FROM = ("gc sweep", "retention")
_HOUR = 3600 * MICROSECONDS
_LONGEST_STEP = 30 * 24 * _HOUR
_LONGEST_JUMP = _HOUR
_DOUBT = 24 * _HOUR


def since_boot() -> int:
    """Tell the microseconds since the machine came up, its sleep included where that is known."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1000


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is written down.

    Attributes:
        seen: the newest moment that was believed.
        doubted: since when, by the doubted clock itself; 0 while it is believed.
    """

    seen: int
    doubted: int = 0


class PlausibleClock:
    """Tells whether a clock may be believed. One for each process and use.

    Args:
        ledger: where the moment that was seen is written down, for all processes.
        clock: the one in doubt.
        elapsed: microseconds since some moment, by a clock that nobody sets.
    """

    def __init__(
        self, ledger: JobLedger, clock: Clock, elapsed: Callable[[], int] = since_boot
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._elapsed = elapsed
        self._base = clock.now() - elapsed()
        self._jumped: int | None = None
        self._warned = False

    async def is_plausible(self) -> bool:
        """Tell whether what goes by its age may go now; a warning says when it may not.

        Raises:
            MetadataOutage: the database failed.
        """
        now = self._clock.now()
        noted = await self._read()
        mark = noted or await self._first(now)
        judged = _judge(mark, now)
        jumps = self._jumps(now)
        # A moment behind a jump is not one that was believed.
        if judged != noted and not (jumps and not judged.doubted):
            await self._write(judged)
        ahead = now - mark.seen if judged.doubted else now - self._elapsed() - self._base
        self._warn(ahead if judged.doubted or jumps else 0)
        return not (judged.doubted or jumps)

    def _jumps(self, now: int) -> bool:
        elapsed = self._elapsed()
        self._base = min(self._base, now - elapsed)
        if now - elapsed - self._base <= _LONGEST_JUMP:
            self._jumped = None
            return False
        if self._jumped is None:
            self._jumped = elapsed
        if elapsed - self._jumped < _DOUBT:
            return True
        self._base, self._jumped = now - elapsed, None
        return False

    async def _read(self) -> _Mark | None:
        last = await self._ledger.last(NAME)
        if last is None or not last.progress:
            return None
        seen, doubted = last.progress.split()
        return _Mark(int(seen), int(doubted))

    async def _first(self, now: int) -> _Mark:
        # Nothing was written down yet: another job may know of a moment.
        runs = [await self._ledger.last(name) for name in _KNOWN_FROM]
        return _Mark(max((run.started_at for run in runs if run is not None), default=0) or now)

    async def _write(self, mark: _Mark) -> None:
        holder = uuid.uuid4().hex
        # A claim that has ended already: who dies now stands in nobody's way, whatever the clock.
        if await self._ledger.claim(NAME, holder, mark.seen, -mark.seen) is not None:
            await self._ledger.release(NAME, holder, f"{mark.seen} {mark.doubted}")

    def _warn(self, ahead: int) -> None:
        if ahead and not self._warned:
            moment = datetime.fromtimestamp(self._clock.now() // MICROSECONDS, UTC)
            logger.warning(
                "the clock says %s, %d hours further than expected: scheduled retention and the"
                " collection of untagged manifests wait for a day. Set the clock if it is wrong;"
                " if it is right, wait, or run `entrepot retention run` and `entrepot gc`",
                moment.isoformat(timespec="minutes"),
                ahead // _HOUR,
            )
        self._warned = bool(ahead)


def _judge(mark: _Mark, now: int) -> _Mark:
    """Give what is to be known from now on."""
    if abs(now - mark.seen) < _HOUR and not mark.doubted:
        return mark
    if now - mark.seen <= _LONGEST_STEP:
        return _Mark(now)
    if mark.doubted <= now < mark.doubted + _DOUBT:
        return mark
    if mark.doubted + _DOUBT <= now <= mark.doubted + _LONGEST_STEP:
        return _Mark(now)
    return _Mark(mark.seen, now)
