"""Who commits a blob and who removes its bytes want one path: the folder of two digits parts them.

A commit holds it shared, from before its rename until its transaction is done; who removes holds
it alone, looks once more whether the blob is known, and unlinks. The lock is the kernel's
(flock): it counts across processes and ends with its holder, however that ends.

Nobody waits inside the kernel: a lock that is held is tried again after a pause on the event loop,
so that threads that wait cannot starve the one that would let them go on.
"""

import asyncio
import fcntl
import os

PAUSE_SECONDS = 0.002


class Held(Exception):
    """Somebody holds the lock in a way that excludes this one."""


def hold_shared(folder: str) -> int:
    """Open a folder and hold it together with others who commit; closing lets go.

    Raises:
        Held: somebody removes a blob below it.
        OSError: the folder cannot be opened.
    """
    return _hold(folder, fcntl.LOCK_SH)


def hold_alone(folder: str) -> int:
    """Open a folder and hold it alone; closing lets go.

    Raises:
        Held: somebody commits or removes a blob below it.
        OSError: the folder cannot be opened.
    """
    return _hold(folder, fcntl.LOCK_EX)


async def pause() -> None:
    """Wait before the lock is tried again."""
    await asyncio.sleep(PAUSE_SECONDS)


def _hold(folder: str, kind: int) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Held from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
