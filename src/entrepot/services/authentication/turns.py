"""Whose password is checked next: a few at once, and nobody can take the turns of somebody else.

Checking a password costs a twentieth of a second and more, on purpose, so whoever sends many of
them could keep all others waiting. Therefore:

- accounts that were right before from where they come now go first, with room of their own;
- among others, whoever has had the fewest turns lately goes first, address and account counted
  together, and mistakes counted more: a guesser at one address, or at one account from a thousand
  of them, falls behind everybody else;
- one at a time of an address, so that its mistakes are counted before the next is looked at;
- where too many wait, those go who would be last.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.errors import Overloaded

_MISTAKE = 4.0
_HALVED_SECONDS = 60.0
_LEAST = 0.5
_REMEMBERED = 10_000


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody who waits; `alone` is what only one may be checked of at a time."""

    address: str
    account: str
    alone: str
    turn: asyncio.Future[None] = field(default_factory=asyncio.Future)


class Turns:
    """Lets passwords be checked, a few at a time.

    Args:
        at_once: how many are checked at a time.
        room: how many may wait of accounts that were right before, and of all others.
        seconds: tells seconds that run evenly.
    """

    def __init__(
        self, at_once: int = 4, room: int = 128, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once = at_once
        self._room = room
        self._seconds = seconds
        self._running: set[str] = set()
        self._familiar: list[_Waiter] = []
        self._strangers: list[_Waiter] = []
        # Turns of addresses and accounts, of which half is forgotten every minute.
        self._recent: dict[str, float] = {}
        self._halved_at = seconds()

    @asynccontextmanager
    async def turn(self, address: str, account: str, *, familiar: bool) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            address: from where somebody logs in.
            account: as whom.
            familiar: the account was right from there before.

        Raises:
            Overloaded: too many wait who have had fewer turns.
        """
        alone = f"{address} {account}" if familiar else address
        waiter = _Waiter(address, account, alone)
        waiting = self._familiar if familiar else self._strangers
        if len(self._running) < self._at_once and alone not in self._running:
            self._running.add(alone)
        else:
            self._queue(waiting, waiter)
            try:
                await waiter.turn
            except asyncio.CancelledError:
                if waiter in waiting:
                    waiting.remove(waiter)
                elif not waiter.turn.cancelled() and waiter.turn.exception() is None:
                    self._leave(waiter)  # the turn had come, and is somebody else's now
                raise
        try:
            yield
        finally:
            self._add(address, account, 1.0)
            self._leave(waiter)

    def note_mistake(self, address: str, account: str) -> None:
        """Let an address and an account that were wrong fall behind others."""
        self._add(address, account, _MISTAKE)

    def _queue(self, waiting: list[_Waiter], waiter: _Waiter) -> None:
        waiting.append(waiter)
        if len(waiting) <= self._room:
            return
        # Whoever has just been cancelled is still there.
        waiting[:] = [one for one in waiting if not one.turn.done()]
        if len(waiting) <= self._room:
            return
        of = Counter(name for other in waiting for name in (other.address, other.account))
        # Of equals, the one that came last.
        last = max(
            reversed(waiting),
            key=lambda one: self._had(one) + of[one.address] + of[one.account],
        )
        waiting.remove(last)
        refusal = Overloaded("too many passwords are being checked; try again in a moment")
        if last is waiter:
            raise refusal
        last.turn.set_exception(refusal)

    def _leave(self, waiter: _Waiter) -> None:
        self._running.discard(waiter.alone)
        for waiting in (self._familiar, self._strangers):
            ready = (one for one in waiting if not one.turn.done())
            free = [one for one in ready if one.alone not in self._running]
            if free and len(self._running) < self._at_once:
                following = min(free, key=self._had)
                waiting.remove(following)
                self._running.add(following.alone)
                following.turn.set_result(None)

    def _had(self, waiter: _Waiter) -> float:
        return self._recent.get(waiter.address, 0.0) + self._recent.get(waiter.account, 0.0)

    def _add(self, address: str, account: str, turns: float) -> None:
        now = self._seconds()
        while now - self._halved_at >= _HALVED_SECONDS or len(self._recent) > _REMEMBERED:
            halved = {name: had / 2 for name, had in self._recent.items()}
            self._recent = {name: had for name, had in halved.items() if had > _LEAST}
            self._halved_at = now
        for name in (address, account):
            self._recent[name] = self._recent.get(name, 0.0) + turns
