"""What becomes of memory that a worker has freed."""

import ctypes

# mallopt(3)
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3

KEPT_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 4 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let the C library keep some of it, for the next body that arrives.

    By itself glibc gives each piece of a body back to the system as soon as it is written, and
    having the next one cleared and mapped again takes 5 % of the CPU that an upload takes. Each
    of the places from which threads get their memory keeps up to KEPT_BYTES. To be called when
    a worker has loaded what it needs, whose scraps need not be kept. Elsewhere than with glibc
    nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _PIECE_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
