"""One order with a CA, in a process of its own: its libraries are large, and seldom needed.

It comes from the nursery, as the workers do, and ends with it.
"""

import fcntl
import logging
import signal
import sys
from pathlib import Path

from entrepot.config.log import LogSettings
from entrepot.config.tls import LetsEncryptSettings
from entrepot.operations.logs import configure_logs
from entrepot.server.bond import end_with_parent

logger = logging.getLogger("entrepot.acme")

FAILED = 1
UNREACHABLE = 3
BUSY = 4


def order(settings: LetsEncryptSettings, log: LogSettings) -> None:
    """Place an order, log what became of it, and end the process.

    Args:
        settings: ``http.tls.letsencrypt``.
        log: of the registry.
    """
    end_with_parent()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGUSR1})
    configure_logs(log.level, log.formatter, log.fields)
    try:
        status = _order(settings)
    finally:
        logging.shutdown()  # a process of multiprocessing ends without it, and with lines unwritten
    sys.exit(status)


def _order(settings: LetsEncryptSettings) -> int:
    from entrepot.operations.acme.order import OrderFailed, fetch

    hosts = ", ".join(settings.hosts)
    try:
        with _lock(settings).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return BUSY
            logger.info("asking %s for a certificate", settings.directoryurl)
            file = fetch(settings)
    except OrderFailed as error:
        logger.error("no certificate for %s: %s", hosts, error.message)
        return UNREACHABLE if error.unreachable else FAILED
    except OSError as error:
        logger.error("no certificate for %s: %s", hosts, error)
        return FAILED
    logger.info("the CA issued a certificate: %s", file)
    return 0


def _lock(settings: LetsEncryptSettings) -> Path:
    from entrepot.operations.acme.cache import AcmeCache

    return AcmeCache(Path(settings.cachefile or ".")).lock
