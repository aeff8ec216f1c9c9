"""The supervisor: prepares what the workers share, starts them, watches over them."""

import asyncio
import logging
import math
import os
import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels

from entrepot import __version__
from entrepot.assembly.backend import Backend
from entrepot.assembly.lost_database import advising, check_database_is_there
from entrepot.assembly.storage_check import check_storage
from entrepot.config import LoadedConfiguration
from entrepot.config.addresses import UnixAddress
from entrepot.config.settings import Settings
from entrepot.errors import ConfigurationError, EntrepotError
from entrepot.operations.health import Health, configured_checks
from entrepot.operations.health_flag import HealthFlag
from entrepot.operations.log_format import name_process
from entrepot.operations.logs import configure_logs, granian_level, log_configuration
from entrepot.operations.runtime_directory import RuntimeDirectory
from entrepot.server.address import check_socket_file, resolve
from entrepot.server.adoption import adopt_before_serving
from entrepot.server.loading import load
from entrepot.server.nursery_server import NurseryServer
from entrepot.server.orders import Orders
from entrepot.server.tls import ServedTls

if TYPE_CHECKING:
    from entrepot.operations.debug_server import DebugServer

logger = logging.getLogger("entrepot.server")

_BACKLOG = 4096
_OTHER_FILES = 1024
_READ_BYTES = 1024 * 1024
_FAILED = 1
_MISCONFIGURED = 78  # EX_CONFIG of sysexits.h


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
        logger.error("no directory for temporary files can be written: %s", error)
        return _FAILED
    signal.signal(signal.SIGTERM, _stop_the_start)
    try:
        return _supervise(loaded, runtime, announce)
    except SystemExit as ended:
        return int(ended.code or 0)
    except ConfigurationError as error:
        logger.error("%s", error.message)
        return _MISCONFIGURED
    except EntrepotError as error:
        logger.error("%s", error.message)
        return _FAILED
    finally:
        runtime.remove()


def _stop_the_start(number: int, frame: object) -> None:
    """Answer SIGTERM until the server does: what was begun is undone, or gone on with next time."""
    logger.info("stopped before the start was over")
    raise SystemExit(0)


def _supervise(
    loaded: LoadedConfiguration, runtime: RuntimeDirectory, announce: Callable[[], None]
) -> int:
    settings = loaded.settings
    tls = ServedTls.open(loaded, runtime) if settings.http.tls.enabled else None
    server = _server(settings, runtime, tls)
    backend = Backend(settings, runtime.path)
    with backend.hold():
        asyncio.run(_prepare(backend))
        health = _health(backend, runtime)
        debug = _debug_server(settings, runtime, health, tls)
        announce()
        health.start()
        if debug is not None:
            debug.start()
        if tls is not None:
            tls.serve_with(server)
        try:
            _serve(server, Orders(settings, runtime.path, server.workers))
            logger.info("stopped")
        finally:
            if tls is not None:
                tls.stop()
            if debug is not None:
                debug.stop()
            health.stop()
    return 0


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


def _serve(server: NurseryServer, orders: Orders) -> None:
    facts = {"version": __version__, "pid": os.getpid(), "workers": orders.workers}
    logger.info("listening on %s", orders.settings.http.listen, extra={"fields": facts})
    server.serve(target_loader=partial(load, orders), wrap_loader=False)


def _server(settings: Settings, runtime: RuntimeDirectory, tls: ServedTls | None) -> NurseryServer:
    http, limits = settings.http, settings.server
    workers = limits.workers or os.cpu_count() or 1
    _allow_many_sockets(-(-limits.connections // workers))
    if not Backend(settings).is_kept:
        workers = 1  # other processes would not see what this one holds
    log = settings.log
    return NurseryServer(
        "entrepot",
        runtime=runtime,
        **_listen(settings),
        **(tls.arguments() if tls is not None else {}),
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        # One runtime thread: fewer switches, and an order that uploads rely upon (messages.py).
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1 if http.tls.enabled and http.http2.disabled else HTTPModes.auto,
        websockets=False,
        backlog=_BACKLOG,
        # Requests at once, not connections: slow clients must not keep the others out.
        backpressure=max(1, limits.connections // workers),
        http1_settings=HTTP1Settings(
            # Counted from the end of the request before, so it closes idle connections too.
            header_read_timeout=int(limits.timeouts.idle * 1000),
            # Bounds what one read of a body brings; the application keeps the header's limit.
            max_buffer_size=_READ_BYTES,
        ),
        http2_settings=HTTP2Settings(
            max_headers_size=limits.limits.header,
            keep_alive_interval=int(limits.timeouts.idle * 1000),
        ),
        log_level=_granian_level(log.level),
        log_dictconfig=log_configuration(log.level, log.formatter, log.fields),
        log_access=False,
        respawn_failed_workers=True,
        # A whole second at least; without a number Granian would wait for the slowest client.
        workers_kill_timeout=max(1, math.ceil(http.draintimeout)),
    )


def _granian_level(level: str) -> LogLevels:
    """Let the server tell of its own steps to those only who look for a fault."""
    quieter = "warn" if level == "info" else level
    return LogLevels(granian_level(quieter))


def _listen(settings: Settings) -> dict[str, Any]:
    address = settings.http.listen
    if isinstance(address, UnixAddress):
        check_socket_file(address)
        return {"uds": Path(address.path)}
    host, port = resolve(address)
    return {"address": host, "port": port}


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
