"""Has certificates fetched when they are due: a thread of the supervisor."""

import logging
import multiprocessing
import random
import threading
from datetime import UTC, datetime
from pathlib import Path

from entrepot.config.settings import Settings
from entrepot.operations.acme.schedule import next_order, seconds_until, wait_after
from entrepot.operations.tls.material import fetched_certificate
from entrepot.server.acme_child import BUSY, UNREACHABLE, order

logger = logging.getLogger("entrepot.acme")

# What the clock, or somebody who removes the file, changes is noticed within this time.
_LOOK_SECONDS = 3600.0
_ORDER_SECONDS = 300.0


class Renewal:
    """Places orders one after the other, and waits after failures.

    Args:
        settings: ``http.tls.letsencrypt`` is enabled in it.
    """

    def __init__(self, settings: Settings) -> None:
        self._acme = settings.http.tls.letsencrypt
        self._log = settings.log
        self._file = Path(fetched_certificate(settings.http.tls))
        self._jitter = random.random()  # noqa: S311 (spreads load, hides nothing)
        self._failures = 0
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="acme", daemon=True)
        self.succeeded = 0
        self.failed = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; an order that runs ends with the registry."""
        self._stopping = True
        self._wake.set()

    def try_now(self) -> None:
        """Do not wait any longer after a failure."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            try:
                pause = self._order_if_due()
            except Exception:
                logger.exception("the renewal of certificates failed unexpectedly")
                pause = _LOOK_SECONDS
            self._wake.wait(pause)
            self._wake.clear()

    def _order_if_due(self) -> float:
        """Place an order where one is due; gives the seconds until the next look."""
        due = next_order(self._file, self._acme.hosts, self._jitter, datetime.now(UTC))
        left = seconds_until(due.at)
        if left > 0:
            return min(left, _LOOK_SECONDS)
        logger.info("requesting a certificate: %s", due.reason)
        outcome = self._order()
        if outcome == 0:
            self.succeeded += 1
            now = datetime.now(UTC)
            due = next_order(self._file, self._acme.hosts, self._jitter, now)
            if due.at > now:
                self._failures = 0
                return min(seconds_until(due.at), _LOOK_SECONDS)
            logger.error("the CA's certificate is of no use: %s", due.reason)
        if outcome == BUSY:
            return _LOOK_SECONDS / 60
        self.failed += 1
        self._failures += 1
        pause = wait_after(self._failures, unreachable=outcome == UNREACHABLE)
        logger.warning("the next attempt to get a certificate is in %d s (SIGHUP: now)", pause)
        return pause

    def _order(self) -> int | None:
        context = multiprocessing.get_context("forkserver")
        child = context.Process(target=order, args=(self._acme, self._log), name="acme")
        child.start()
        child.join(_ORDER_SECONDS)
        if child.is_alive():
            child.kill()
            child.join()
        return child.exitcode
