"""Granian's server, with workers from the nursery, and a way to replace them all unnoticed."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from granian.server.mp import MPServer, WorkerProcess

from entrepot.operations.runtime_directory import RuntimeDirectory
from entrepot.server.leaving import LeavingWorkers, StartedWorker
from entrepot.server.listening import HandedSocket, listen_on_tcp, listen_on_unix
from entrepot.server.nursery_process import NurseryProcess

logger = logging.getLogger("entrepot.server")

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.02
_HEAR_SECONDS = 0.5


def _nothing() -> None:
    """Do nothing."""


def _always() -> bool:
    return True


class _HeardEvent(threading.Event):
    """An event whose waiter answers signals that another thread was given.

    Python answers signals in the main thread, and only when it runs. The kernel gives them to it,
    but for those that came while the process was stopped or frozen: whichever thread wakes first
    takes them, and a main thread that waits without an end would never know.
    """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set."""
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(_HEAR_SECONDS):
            pass
        return True


class NurseryServer(MPServer):
    """Granian's server.

    SIGHUP: all successors start beside their predecessors; when each of them accepts connections,
    the predecessors leave (leave.py). Where one does not come up, everything stays as it was.

    Args:
        target: see MPServer.
        runtime: where workers say that they accept connections.
        arguments: see MPServer.

    Attributes:
        before_reload: asked first; an answer of False leaves everything as it is.
        after_reload: called when successors have taken over.
        failed_reload: called when they have not.
    """

    def __init__(self, target: str, *, runtime: RuntimeDirectory, **arguments: Any) -> None:
        super().__init__(target, **arguments)
        self.main_loop_interrupt = _HeardEvent()
        self.before_reload: Callable[[], bool] = _always
        self.after_reload: Callable[[], None] = _nothing
        self.failed_reload: Callable[[], None] = _nothing
        self._runtime = runtime
        self._leaving = LeavingWorkers()
        self._listeners: list[socket.socket] = []
        self._sso = None

    def ask_for_reload(self) -> None:
        """Do what SIGHUP does; from any thread."""
        self.reload_signal = True
        self.main_loop_interrupt.set()

    def _init_shared_socket(self) -> None:
        if self.bind_uds:
            self._listeners = listen_on_unix(str(self.bind_uds))
        else:
            self._listeners = listen_on_tcp(self.bind_addr, self.bind_port, self.workers)

    def _drop_shared_socket(self) -> None:
        for listener in self._listeners:
            listener.close()

    def _spawn_worker(  # type: ignore[override]  # as in MPServer, whose base has one more
        self, idx: int, target: Any, callback_loader: Any
    ) -> WorkerProcess:
        worker = super()._spawn_worker(idx, target, callback_loader)
        made: Any = worker.inner  # not started yet, so nothing is lost by replacing it
        listener = HandedSocket(self._listeners[idx % len(self._listeners)])
        arguments = list(made._args)
        arguments[3] = ((None, listener), None)
        worker.inner = NurseryProcess(name=made.name, target=made._target, args=tuple(arguments))
        return worker

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        if self.before_reload():
            self._replace_workers(spawn_target, target_loader)
        if self.interrupt_signal or self.reload_signal or self.interrupt_children:
            self.main_loop_interrupt.set()  # came meanwhile, and may have been cleared

    def _replace_workers(self, spawn_target: Any, target_loader: Any) -> None:
        successors: list[Any] = [
            self._spawn_worker(idx, spawn_target, target_loader) for idx in range(self.workers)
        ]
        for successor in successors:
            successor.inner.start()
        if not self._all_accept(successors):
            for successor in successors:
                successor.kill()
                successor.join()
            logger.error("new workers did not start; the old ones go on")
            self.failed_reload()
            return
        predecessors, self.wrks = self.wrks, successors
        self._leaving.add(predecessors)
        self.interrupt_children.clear()
        for successor in successors:
            successor._watch()
        self._metrics.incr_spawn(len(successors))
        self.after_reload()

    def _all_accept(self, workers: Sequence[StartedWorker]) -> bool:
        """Wait until every worker accepts connections; not for one that has died."""
        deadline = time.monotonic() + _START_SECONDS
        waiting = list(workers)
        while waiting and time.monotonic() < deadline and not self.interrupt_signal:
            waiting = [one for one in waiting if not self._runtime.ready(one.inner.pid).exists()]
            if any(not worker.is_alive() for worker in waiting):
                return False
            time.sleep(_LOOK_SECONDS if waiting else 0)
        return not waiting

    def _stop_workers(self) -> None:
        leaving = self._leaving.end()
        began = time.monotonic()
        stop: Callable[[], None] = super()._stop_workers
        stop()
        for worker in leaving:
            worker.join(max(0.001, (self.workers_kill_timeout or 0) - (time.monotonic() - began)))
            if worker.is_alive():
                logger.warning("killing a worker that has not finished what it runs")
                worker.kill()
                worker.join()
