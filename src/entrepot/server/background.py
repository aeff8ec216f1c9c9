"""What a worker does beside its requests, begun when it has begun to answer them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.operations.housekeeping import Housekeeping
from entrepot.operations.worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from entrepot.operations.collecting import Collecting
    from entrepot.operations.settling import Settling

# The first clients are answered before anything else is loaded.
_DELAY_SECONDS = 1.0


class Background:
    """Settles small blobs and collects in every worker, and keeps house in one.

    Args:
        backend: of the registry.
        drivers: opened in this process.
        metrics: counts what is done; None for nobody.
        turn: the lock whose holder keeps house.
    """

    def __init__(
        self, backend: Backend, drivers: Drivers, metrics: WorkerMetrics | None, turn: Path
    ) -> None:
        self._backend = backend
        self._drivers = drivers
        self._metrics = metrics
        self._turn = turn
        self._beginning: asyncio.Task[None] | None = None
        self._housekeeping: Housekeeping | None = None
        self._collecting: Collecting | None = None
        self._settling: Settling | None = None

    def start(self) -> None:
        """Begin, on the worker's event loop."""
        loop = asyncio.get_running_loop()
        self._beginning = loop.create_task(self._begin(), name="background")

    async def stop(self) -> None:
        """Stop what runs, and let another worker have its turn."""
        if self._beginning is not None:
            self._beginning.cancel()
            await asyncio.wait([self._beginning])
        if self._housekeeping is not None:
            await self._housekeeping.stop()
        if self._collecting is not None:
            await self._collecting.stop()
        if self._settling is not None:
            await self._settling.stop()

    async def _begin(self) -> None:
        await asyncio.sleep(_DELAY_SECONDS)
        # Loading takes some tenths of a second; in a thread, requests go on meanwhile.
        housekeeping, collecting, settling = await asyncio.to_thread(self._build)
        settling.start()
        self._settling = settling
        housekeeping.start()
        self._housekeeping = housekeeping
        if collecting is not None:
            collecting.start()
            self._collecting = collecting

    def _build(self) -> tuple[Housekeeping, Collecting | None, Settling]:
        from entrepot.assembly.background import housekeeping_jobs
        from entrepot.assembly.collection import collecting
        from entrepot.operations.settling import Settling
        from entrepot.services.redo import Redo

        jobs = housekeeping_jobs(self._backend, self._drivers, self._metrics)
        collector = collecting(self._backend.settings, self._drivers, self._metrics)
        settling = Settling(Redo(self._drivers.redo, self._drivers.blobs))
        return Housekeeping(self._turn, jobs), collector, settling
