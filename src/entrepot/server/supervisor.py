"""The supervisor: prepares what the workers share, starts them, watches over them."""

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from entrepot import __version__
from entrepot.assembly.backend import Backend
from entrepot.assembly.lost_database import advising, check_database_is_there
from entrepot.assembly.storage_check import check_storage
from entrepot.config import LoadedConfiguration
from entrepot.config.settings import Settings
from entrepot.errors import AddressInUse, ConfigurationError, EntrepotError
from entrepot.operations.health import Health, configured_checks
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.log_format import name_process
from entrepot.operations.logs import configure_logs
from entrepot.operations.runtime_directory import RuntimeDirectory
from entrepot.server.adoption import adopt_before_serving
from entrepot.server.listening import Listeners
from entrepot.server.orders import Orders
from entrepot.server.tls import ServedTls
from entrepot.server.workers import Workers

if TYPE_CHECKING:
    from entrepot.operations.debug_server import DebugServer

logger = logging.getLogger("entrepot.server")

_OTHER_FILES = 1024
_FAILED = 1
# EX_UNAVAILABLE and EX_CONFIG of sysexits.h
_ADDRESS_IN_USE, _MISCONFIGURED = 69, 78


def run(loaded: LoadedConfiguration, announce: Callable[[], None] = lambda: None) -> int:
    """Run the registry until it is told to stop.

    Args:
        loaded: the configuration.
        announce: called when nothing stands in the way of the start any more.

    Returns:
        The exit code of the program.
    """
    log = loaded.settings.log
    if loaded.settings.node.name is not None:
        name_process(node=loaded.settings.node.name)
    configure_logs(log.level, log.formatter, log.fields)
    for warning in loaded.warnings:
        logger.warning("%s", warning)
    try:
        runtime = RuntimeDirectory.create()
    except OSError as error:
        logger.error("no writable directory for temporary files: %s", error)
        return _FAILED
    signal.signal(signal.SIGTERM, _stop_the_start)
    try:
        return _supervise(loaded, runtime, announce)
    except SystemExit as ended:
        return int(ended.code or 0)
    except ConfigurationError as error:
        logger.error("%s", error.message)
        return _MISCONFIGURED
    except AddressInUse as error:
        logger.error("%s", error.message)
        return _ADDRESS_IN_USE
    except EntrepotError as error:
        logger.error("%s", error.message)
        return _FAILED
    finally:
        runtime.remove()


def _stop_the_start(number: int, frame: object) -> None:
    """Answer SIGTERM until the server does: unfinished work is undone, or resumed next time."""
    logger.info("stopped before the start was complete")
    raise SystemExit(0)


def _supervise(
    loaded: LoadedConfiguration, runtime: RuntimeDirectory, announce: Callable[[], None]
) -> int:
    settings = loaded.settings
    tls = ServedTls.open(loaded, runtime) if settings.http.tls.enabled else None
    backend = Backend(settings, runtime.path)
    orders = Orders(settings, runtime.path, _number_of_workers(backend))
    _allow_many_sockets(-(-settings.server.connections // orders.workers))
    with (
        closing(Listeners(settings.http.listen, orders.workers)) as listeners,
        backend.hold(),
    ):
        asyncio.run(_prepare(backend))
        health = _health(backend, runtime)
        debug = _debug_server(settings, runtime, health, tls)
        announce()
        health.start()
        if debug is not None:
            debug.start()
        try:
            _serve(orders, listeners, tls)
            logger.info("stopped")
        finally:
            if tls is not None:
                tls.stop()
            if debug is not None:
                debug.stop()
            health.stop()
    return 0


def _number_of_workers(backend: Backend) -> int:
    if not backend.is_kept:
        return 1  # other processes would not see what this one holds
    return backend.settings.server.workers or os.cpu_count() or 1


def _serve(orders: Orders, listeners: Listeners, tls: ServedTls | None) -> None:
    http = orders.settings.http
    workers = Workers(orders, listeners, http.draintimeout, tls.reload if tls else _nothing)
    workers.listen_to_signals()
    if tls is not None:
        tls.serve_with(workers)
    facts = {"version": __version__, "pid": os.getpid(), "workers": orders.workers}
    logger.info("listening on %s", http.listen, extra={"fields": facts})
    workers.run()


def _nothing() -> None:
    """Answer SIGHUP where there is nothing to read anew."""


async def _prepare(backend: Backend) -> None:
    check_database_is_there(backend)
    with advising(backend):
        await backend.prepare()
        await adopt_before_serving(backend)
    if backend.settings.is_protected:
        from entrepot.server.passwords import provide_passwords

        await provide_passwords(backend)


def _allow_many_sockets(connections: int) -> None:
    """Raise the limit on open files as far as this user may.

    Args:
        connections: how many one worker may have.
    """
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        logger.warning(
            "a worker may open %d files, too few for its share of server.connections, %d; "
            "raise the limit (ulimit -n, LimitNOFILE=)",
            allowed,
            connections,
        )


def _health(backend: Backend, runtime: RuntimeDirectory) -> Health:
    settings = backend.settings
    checks = configured_checks(settings.health, settings.storage.driver, check_storage(backend))
    return Health(checks, HealthFlag(runtime.health))


def _debug_server(
    settings: Settings, runtime: RuntimeDirectory, health: Health, tls: ServedTls | None
) -> "DebugServer | None":
    debug = settings.http.debug
    if debug.listen is None:
        return None
    # Here, because most registries have no debug address, and start faster without these.
    from entrepot.operations.debug_server import DebugServer, debug_pages
    from entrepot.operations.metrics_page import MetricsPage

    metrics = None
    if debug.prometheus.enabled:
        more = tls.collectors() if tls is not None else ()
        metrics = debug.prometheus.path, MetricsPage(runtime, health, more)
    return DebugServer(debug.listen, debug_pages(health, runtime, metrics))
