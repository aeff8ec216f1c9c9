"""Reads what comes lazily from the disk: in a thread, one batch ahead of the work on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

BATCH_ITEMS = 500
BATCH_BYTES = 8 * 1024 * 1024


def weightless(item: object) -> int:
    """Count no bytes."""
    return 0


async def read_ahead(
    items: Iterator[Item], weigh: Callable[[Item], int] = weightless
) -> AsyncIterator[list[Item]]:
    """Give batches of at most 500 items, or about 8 MiB, while the next one is being read.

    Args:
        items: is advanced in a thread; what it raises is raised here.
        weigh: tells the bytes that an item holds.
    """

    def next_batch() -> tuple[list[Item], bool]:
        batch: list[Item] = []
        weight = 0
        for item in items:
            batch.append(item)
            weight += weigh(item)
            if len(batch) >= BATCH_ITEMS or weight >= BATCH_BYTES:
                return batch, True
        return batch, False

    loop = asyncio.get_running_loop()
    reading = loop.run_in_executor(None, next_batch)
    try:
        more = True
        while more:
            batch, more = await reading
            if more:
                reading = loop.run_in_executor(None, next_batch)
            if batch:
                yield batch
    finally:
        await asyncio.wait([reading])
        if not reading.cancelled():
            reading.exception()  # looked at, so that nobody warns of it
