"""The health check of the storage and the database."""

import asyncio
import logging
from collections.abc import Callable

from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.errors import Outage, StorageOutage
from entrepot.operations.settling import LEFT_BEHIND_SECONDS
from entrepot.ports.clock import MICROSECONDS

logger = logging.getLogger("entrepot.health")


def check_storage(backend: Backend) -> list[tuple[str, Callable[[], None]]]:
    """Give the health checks of the storage and the database; each raises what is wrong.

    They are called from threads of the supervisor, and open what they need for themselves.
    """
    if not backend.is_kept:
        return []

    opened: list[Drivers] = []

    async def look() -> None:
        if not opened:  # once: where the disk is read-only by now, nothing can be opened any more
            opened.append(backend.open())
        drivers = opened[0]
        try:
            await drivers.blobs.check()
            await drivers.metadata.check()
            await _check_small_blobs(drivers)
        except Outage as error:
            # As long as pulls can be served, refusing everything would help nobody.
            await _check_reading(drivers)
            logger.warning("pushes are failing: %s", error.message)

    return [("", lambda: asyncio.run(look()))]


async def _check_small_blobs(drivers: Drivers) -> None:
    before = drivers.clock.now() - int(3 * LEFT_BEHIND_SECONDS * MICROSECONDS)
    if await drivers.redo.waiting(before, 0, 1):
        raise StorageOutage("small blobs have been waiting for minutes to be written to the disk")


async def _check_reading(drivers: Drivers) -> None:
    await drivers.metadata.repositories("", 1)
    async for _ in drivers.blobs.uploads():
        break
