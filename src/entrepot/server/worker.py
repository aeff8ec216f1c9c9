"""One worker process: opens the drivers, builds the application, ends in order."""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from entrepot.api.application import Application
from entrepot.assembly.access import build_access
from entrepot.assembly.application import build_application, pull_recorder
from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.errors import EntrepotError
from entrepot.operations.access_log import access_log
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.log_format import name_process
from entrepot.operations.observer import Observer
from entrepot.operations.runtime_directory import RuntimeDirectory, WorkerSeat
from entrepot.operations.worker_metrics import open_worker_metrics
from entrepot.server.background import Background
from entrepot.server.bond import end_with_parent
from entrepot.server.busy_peers import BusyPeers
from entrepot.server.freed_memory import keep_freed_memory
from entrepot.server.leave import last_answers
from entrepot.server.listening import turn_away
from entrepot.server.orders import Orders
from entrepot.server.silent_connections import SilentConnections

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Serve = Callable[[Message, Receive, Send], Awaitable[None]]

logger = logging.getLogger("entrepot.server")

_STANDARD_OUTPUT = 1
# Granian's single-threaded mode keeps the order of calls that wait together (see messages.py).
_AHEAD = 16
# A thread that waits for the interpreter gets it after this long. Commits and uploads run in
# threads with many short turns; Python's own 5 ms would be felt in each of them.
_SWITCH_SECONDS = 0.0005
# Runs in the first turn of the second loop, or as much later: see _hear_signals.
_LISTENING_SECONDS = 0.05


class Worker:
    """The ASGI callable of one worker, with its lifespan.

    Args:
        orders: of the supervisor.
    """

    def __init__(self, orders: Orders) -> None:
        settings = orders.settings
        directory = RuntimeDirectory(orders.runtime)
        self._seat = WorkerSeat.take(directory)
        named = {} if settings.node.name is None else {"node": settings.node.name}
        name_process(worker=self._seat.number, **named)
        self._flag = HealthFlag(directory.health)
        metrics = None
        if settings.http.debug.addr and settings.http.debug.prometheus.enabled:
            metrics = open_worker_metrics(
                directory.metrics, self._seat.number, settings.storage.driver
            )
        log = None
        if not settings.log.accesslog.disabled:
            log = access_log(
                _STANDARD_OUTPUT, settings.log.formatter, self._seat.number, settings.log.fields
            )
        self._observer = Observer(log, metrics)
        backend = Backend(settings, orders.runtime)
        if backend.ownership is not None:
            backend.ownership.join()
        self._drivers: Drivers = backend.open(metrics)
        self._background = Background(backend, self._drivers, metrics, directory.maintenance)
        self._pulls = pull_recorder(settings, self._drivers)
        # Nobody else has this number, so claims under it that are there now are of a dead worker.
        self._holders = f"{backend.node}/worker-{self._seat.number}/"
        self._control = build_access(settings, self._drivers)
        self._application: Application = build_application(
            settings,
            self._drivers,
            self._observer,
            workers=orders.workers,
            holders=self._holders,
            is_failing=lambda: self._flag.failing,
            ahead=_AHEAD,
            pulled=self._pulls.note if self._pulls else None,
            control=self._control,
        )
        self._serve: Serve = self._application
        busy = None
        if settings.http.tls.enabled:
            busy = BusyPeers(self._application)
            self._serve = busy.serve
        self._silent = SilentConnections(settings.server.timeouts.idle, busy)
        self._ready = directory.ready(os.getpid())
        self._ready.unlink(missing_ok=True)

    def __call__(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request, or live through the worker's life."""
        if scope["type"] == "lifespan":
            return self._live(receive, send)
        return self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                sys.setswitchinterval(_SWITCH_SECONDS)
                keep_freed_memory()
                await self._release_claims_of_predecessor()
                self._observer.start()
                self._background.start()
                if self._pulls is not None:
                    self._pulls.start()
                self._silent.start()
                asyncio.get_running_loop().call_later(_LISTENING_SECONDS, self._listen)
                await send({"type": "lifespan.startup.complete"})
            else:
                self._silent.stop()
                self._ready.unlink(missing_ok=True)
                await self._background.stop()
                if self._pulls is not None:
                    await self._pulls.stop()
                self._observer.close()
                for close in self._control.closing:
                    await close()
                self._drivers.close()
                self._flag.close()
                self._seat.release()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _listen(self) -> None:
        """Be there for clients and signals."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._leave)
        _hear_signals()
        self._ready.touch()

    def _leave(self) -> None:
        turn_away()
        self._serve = last_answers(self._serve)

    async def _release_claims_of_predecessor(self) -> None:
        try:
            await self._drivers.sessions.release_all(self._holders)
        except EntrepotError as error:
            logger.warning("claims on uploads are left to their leases: %s", error.message)


def work(orders: Orders) -> Worker:
    """Build this process's worker."""
    _end_with_supervisor()
    _leave_interrupts_to_supervisor()
    return Worker(orders)


def _hear_signals() -> None:
    """Let SIGTERM and SIGUSR1 arrive, which the nursery has blocked and which have waited since.

    Granian 2.8.7 runs its event loop twice, for the start and for all the rest, and a signal
    that comes between the two is lost: the supervisor would wait for the whole drain time.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGUSR1})


def _leave_interrupts_to_supervisor() -> None:
    """Let SIGINT not arrive: Ctrl-C reaches every process of the terminal.

    The supervisor answers it with a SIGTERM for each worker. Told twice, a worker of Granian 2.8.7
    hangs now and then, and the supervisor waits for it for ever.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _end_with_supervisor() -> None:
    """End at once when the supervisor dies, however it dies: the nursery ends then, too.

    A worker that went on would have nobody to stop it, and would write to the uploads that the
    next start goes on with. A kill loses nothing that was acknowledged.
    """
    end_with_parent()
    supervisor = multiprocessing.parent_process()
    if supervisor is not None and not supervisor.is_alive():  # before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)
