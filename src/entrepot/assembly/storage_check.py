"""The health check of the storage and the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.config.settings import Settings
from entrepot.errors import Outage

if TYPE_CHECKING:
    from entrepot.assembly.drivers import Drivers

logger = logging.getLogger("entrepot.health")


def check_storage(settings: Settings, scratch: Path) -> list[tuple[str, Callable[[], None]]]:
    """Give the health checks of the storage and the database; each raises what is wrong.

    They are called from threads of the supervisor, and open what they need for themselves.
    """
    if settings.storage.driver == "inmemory":
        return []

    opened: list[Drivers] = []

    async def look() -> None:
        # Here, for the supervisor needs the drivers for nothing else, and starts faster so.
        from entrepot.assembly.drivers import open_drivers

        if not opened:  # once: where the disk is read-only by now, nothing can be opened any more
            opened.append(open_drivers(settings, scratch))
        drivers = opened[0]
        try:
            await drivers.blobs.check()
            await drivers.metadata.check()
        except Outage as error:
            # As long as pulls can be served, refusing everything would help nobody.
            await _check_reading(drivers)
            logger.warning("pushes fail at this moment: %s", error.message)

    return [("", lambda: asyncio.run(look()))]


async def _check_reading(drivers: Drivers) -> None:
    await drivers.metadata.repositories("", 1)
    async for _ in drivers.blobs.uploads():
        break
