"""One worker process: opens the drivers, builds the application, serves, ends in order."""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import uvloop

from entrepot.api.application import Application
from entrepot.api.parse.client_address import ClientAddresses
from entrepot.assembly.access import build_access
from entrepot.assembly.application import build_application, pull_recorder
from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.config.settings import Settings
from entrepot.errors import EntrepotError
from entrepot.operations.access_log import access_log
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.log_format import name_process
from entrepot.operations.logs import configure_logs
from entrepot.operations.observer import Observer
from entrepot.operations.runtime_directory import RuntimeDirectory, WorkerSeat
from entrepot.operations.worker_metrics import WorkerMetrics, open_worker_metrics
from entrepot.server.acceptor import Acceptor
from entrepot.server.background import Background
from entrepot.server.bond import end_with_parent
from entrepot.server.connections import ConnectionLimits, Connections
from entrepot.server.freed_memory import give_back_freed_memory, keep_freed_memory
from entrepot.server.orders import Orders

if TYPE_CHECKING:
    from entrepot.assembly.mirrors import Mirrors
    from entrepot.server.worker_tls import WorkerTls

logger = logging.getLogger("entrepot.server")

_STANDARD_OUTPUT = 1
# A thread that waits for the interpreter gets it after this long. Commits and uploads run in
# threads with many short turns; Python's own 5 ms would be felt in each of them.
_SWITCH_SECONDS = 0.0005
# What was cut off gives back its claims in this time.
CLEANING_SECONDS = 3.0


class Worker:
    """One worker.

    Args:
        orders: of the supervisor.
    """

    def __init__(self, orders: Orders) -> None:
        settings = orders.settings
        directory = RuntimeDirectory(orders.runtime)
        self._settings = settings
        self._workers = orders.workers
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
        self._drivers: Drivers = backend.open(metrics, self._seat.number)
        self._background = Background(backend, self._drivers, metrics, directory.maintenance)
        self._pulls = pull_recorder(settings, self._drivers)
        self._control = build_access(settings, self._drivers)
        self._mirrors = _open_mirrors(settings, self._drivers, metrics)
        self._application: Application = build_application(
            settings,
            self._drivers,
            self._observer,
            workers=orders.workers,
            is_failing=lambda: self._flag.failing,
            pulled=self._pulls.note if self._pulls else None,
            control=self._control,
            mirrors=self._mirrors,
        )
        self._tls = _read_tls(orders) if settings.http.tls.enabled else None
        self._ready = directory.ready(os.getpid())
        self._ready.unlink(missing_ok=True)

    async def live(self, listener: socket.socket) -> None:
        """Serve until SIGTERM, then finish what runs."""
        loop = asyncio.get_running_loop()
        leaving = asyncio.Event()
        await self._begin()
        connections = Connections(self._application, self._limits())
        addresses = ClientAddresses(self._settings.http.trustedproxies)
        acceptor = Acceptor(listener, connections, addresses.of_peer)
        if self._tls is not None:
            acceptor.context, connections.describe_client = self._tls.context, self._tls.describe
        loop.add_signal_handler(signal.SIGTERM, leaving.set)
        loop.add_signal_handler(signal.SIGUSR1, self._read_certificates, acceptor, connections)
        # Blocked by the nursery until somebody listens to them.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGUSR1})
        acceptor.start()
        tidying = loop.create_task(give_back_freed_memory(lambda: not connections.state.tasks))
        self._ready.touch()
        await leaving.wait()
        tidying.cancel()
        self._ready.unlink(missing_ok=True)
        acceptor.stop()
        await connections.drain(self._settings.http.draintimeout, CLEANING_SECONDS)
        await self._end()

    async def _begin(self) -> None:
        sys.setswitchinterval(_SWITCH_SECONDS)
        keep_freed_memory()
        try:
            # Nobody else has this number: claims under it that are there now are of a dead worker.
            await self._drivers.free_claims(self._drivers.holders)
        except EntrepotError as error:
            logger.warning("claims of a dead worker will expire by themselves: %s", error.message)
        self._observer.start()
        self._background.start()
        if self._pulls is not None:
            await self._pulls.start()

    async def _end(self) -> None:
        await self._background.stop()
        if self._mirrors is not None:
            await self._mirrors.close()
        if self._pulls is not None:
            await self._pulls.stop()
        self._observer.close()
        for close in self._control.closing:
            await close()
        self._drivers.close()
        self._flag.close()
        self._seat.release()

    def _read_certificates(self, acceptor: Acceptor, connections: Connections) -> None:
        if self._tls is None:
            return
        try:
            removed = self._tls.reload()
        except OSError as error:
            # The supervisor has read the same; its successor may be luckier.
            logger.error("a worker stops because it cannot read the certificate: %s", error)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        acceptor.context = self._tls.context
        if removed:
            connections.retire()

    def _limits(self) -> ConnectionLimits:
        server = self._settings.server
        share = -(-server.connections // self._workers)
        return ConnectionLimits(
            total=share,
            per_address=min(share, -(-server.limits.clientconnections // self._workers)),
            header=server.limits.header,
            idle=server.timeouts.idle,
            body=server.timeouts.body,
        )


def _open_mirrors(
    settings: Settings, drivers: Drivers, metrics: WorkerMetrics | None
) -> "Mirrors | None":
    if not settings.mirrors.any:
        return None
    # Here, because most registries mirror nothing, and their workers start faster without.
    from entrepot.assembly.mirrors import build_mirrors

    return build_mirrors(settings, drivers, metrics=metrics)


def _read_tls(orders: Orders) -> "WorkerTls":
    # Here, because most registries speak no TLS, and their workers start faster without.
    from entrepot.server.worker_tls import WorkerTls

    return WorkerTls(orders.settings.http.tls, orders.runtime)


def work(orders: Orders, listener: socket.socket) -> None:
    """Be a worker, from this process's first step to its last.

    Args:
        orders: of the supervisor.
        listener: bound.
    """
    _end_with_supervisor()
    # Ctrl-C reaches every process of the terminal, and is for the supervisor to answer.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    log = orders.settings.log
    configure_logs(log.level, log.formatter, log.fields)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Worker(orders).live(listener))
    except EntrepotError as error:
        logger.error("a worker ends: %s", error.message)
        sys.exit(1)
    finally:
        logging.shutdown()  # a process of multiprocessing ends without it, and with lines unwritten


def _end_with_supervisor() -> None:
    """End at once when the supervisor dies, however it dies: the nursery ends then, too.

    A worker that went on would have nobody to stop it, and would write to the uploads that the
    next start continues. A kill loses nothing that was acknowledged.
    """
    end_with_parent()
    supervisor = multiprocessing.parent_process()
    if supervisor is not None and not supervisor.is_alive():  # before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)
