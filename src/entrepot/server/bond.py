"""Binds processes to the one that started them: it ends, they end, however it does."""

import ctypes
import logging
import signal

logger = logging.getLogger("entrepot.server")

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask the kernel to kill this process when the one that started it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        logger.warning("this process will not end when its parent is killed")
