"""Waits until every pull is written down that retention has to know of.

Workers gather pulls and write them now and then. Judged by what is written alone, an image that was
pulled a few seconds ago could go; so they are asked for what they have, and answered for.
"""

import asyncio
import time

from entrepot.errors import MetadataOutage
from entrepot.ports.clock import Clock
from entrepot.ports.pulls import PullGatherers

_PAUSE_SECONDS = 0.05
# A worker looks twice a second whether it is asked. One that seems dead, because the clock has
# jumped, has said otherwise by then.
_DEAD_AFTER_SECONDS = 2.0
# Longer than a worker that was killed or is frozen counts as alive.
_PATIENCE_SECONDS = 75.0


class CompletePulls:
    """Asks for pulls that are not written yet.

    Args:
        gatherers: the workers that may have some.
        clock: tells the time.
        dead_after: seconds after which those that were said to be dead by now are not waited for.
        patience: seconds after which one that lives and does not answer makes it give up.
    """

    def __init__(
        self,
        gatherers: PullGatherers,
        clock: Clock,
        dead_after: float = _DEAD_AFTER_SECONDS,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._gatherers = gatherers
        self._clock = clock
        self._dead_after = dead_after
        self._patience = patience

    async def settle(self) -> int:
        """Return when every pull of before a moment is written; gives that moment.

        Raises:
            MetadataOutage: the database failed, or a worker cannot write what it has.
        """
        moment = self._clock.now()
        begun = time.monotonic()
        await self._gatherers.ask()
        while owing := await self._gatherers.owing():
            waited = time.monotonic() - begun
            if waited >= self._patience:
                raise MetadataOutage(
                    f"worker {next(iter(owing))} cannot write down what was pulled; "
                    "what depends on that waits"
                )
            for name, alive_until in owing.items():
                if waited >= self._dead_after and alive_until <= self._clock.now():
                    await self._gatherers.leave(name)
            await asyncio.sleep(_PAUSE_SECONDS)
        return moment
