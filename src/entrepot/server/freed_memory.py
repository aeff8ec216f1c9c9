"""What becomes of memory that a worker has freed."""

import asyncio
import ctypes
from collections.abc import Callable

# mallopt(3)
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8

KEPT_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 4 * 1024 * 1024
_PAUSE_SECONDS = 2.0


def keep_freed_memory() -> None:
    """Let the C library keep some of it, for the next body that arrives.

    By itself glibc gives each piece of a body back to the system as soon as it is written, and
    having the next one cleared and mapped again takes 5 % of the CPU that an upload takes. Threads
    share one arena, of which up to KEPT_BYTES are kept: what one of them has freed serves the
    others. To be called when a worker has loaded what it needs, whose scraps need not be kept.
    Elsewhere than with glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _PIECE_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)


async def give_back_freed_memory(is_idle: Callable[[], bool]) -> None:
    """Give kept memory back to the system while nothing is to be done, until cancelled.

    Args:
        is_idle: whether no request runs.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while malloc_trim is not None:
        await asyncio.sleep(_PAUSE_SECONDS)
        if is_idle():
            malloc_trim(0)
