"""Workers whose place others have taken, until they have finished what they run."""

import logging
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from entrepot.server.leave import LINGER_SECONDS

logger = logging.getLogger("entrepot.server")


class StartedWorker(Protocol):
    """What is used of Granian's WorkerProcess, which has no types."""

    interrupt_by_parent: bool
    inner: Any

    def is_alive(self) -> bool:
        """Whether the process lives."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM."""
        ...

    def kill(self) -> None:
        """Send SIGKILL."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        ...


class LeavingWorkers:
    """Sees them off, each batch in a thread.

    Args:
        linger: seconds from SIGUSR1 to SIGTERM.
    """

    def __init__(self, linger: float = LINGER_SECONDS) -> None:
        self._linger = linger
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._untold: list[StartedWorker] = []
        self._told: list[StartedWorker] = []

    def add(self, workers: Sequence[StartedWorker]) -> None:
        """Let workers go: no new connections, and an end when there is nothing left to do."""
        for worker in workers:
            worker.interrupt_by_parent = True
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, signal.SIGUSR1)
        with self._lock:
            self._told = [worker for worker in self._told if worker.is_alive()]
            self._untold += workers
        threading.Thread(target=self._see_off, args=(workers,), name="leaving", daemon=True).start()

    def end(self) -> list[StartedWorker]:
        """Tell all of them to end; returns those that have not yet."""
        self._ending.set()
        self._tell(list(self._untold))
        with self._lock:
            return [worker for worker in self._told if worker.is_alive()]

    def _see_off(self, workers: Sequence[StartedWorker]) -> None:
        self._ending.wait(self._linger)
        self._tell(workers)
        for worker in workers:
            worker.join()
        logger.debug("workers whose place was taken have finished")

    def _tell(self, workers: Sequence[StartedWorker]) -> None:
        """Send SIGTERM, once: told twice, a worker hangs now and then."""
        with self._lock:
            for worker in workers:
                if worker in self._untold:
                    self._untold.remove(worker)
                    self._told.append(worker)
                    worker.terminate()
