"""What a worker's application calls at the begin and the end of each request.

Records are gathered and looked at together, 50 ms after the first or when there are 128: writing
the access log and counting then cost least. docs/decisions/0010-observing-requests.md has the
measured price.
"""

import asyncio
from collections import Counter
from time import perf_counter

from entrepot.operations.access_log import AccessLog
from entrepot.operations.requests import RequestRecord
from entrepot.operations.worker_metrics import WorkerMetrics

_DELAY_SECONDS = 0.05
_MANY = 128
_CARRY_SECONDS = 0.5
_CLIENT_GONE = 499  # nginx's number for it; nobody receives it
_NO_ANSWER = 500


class Observer:
    """Observes the requests of one worker.

    Args:
        log: where each request is written; None for nowhere.
        metrics: where each request is counted; None for nowhere.
    """

    def __init__(self, log: AccessLog | None, metrics: WorkerMetrics | None) -> None:
        self._log = log
        self._metrics = metrics
        self._running: set[RequestRecord] = set()
        self._over: list[RequestRecord] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._carrying: asyncio.TimerHandle | None = None
        self._dropped = 0

    @property
    def in_flight(self) -> int:
        """Requests that run now."""
        return len(self._running)

    def started(self, record: RequestRecord) -> None:
        """Take note of a request that has begun."""
        self._running.add(record)

    def finished(self, record: RequestRecord) -> None:
        """Take note of a request that is over. Must be called once for each started one.

        Sets the time that it took, and a status where there was no answer.
        """
        record.seconds = perf_counter() - record.started
        if not record.status:
            record.status = _CLIENT_GONE if record.aborted else _NO_ANSWER
        self._running.discard(record)
        over = self._over
        over.append(record)
        if len(over) == 1:
            self._look_soon()
        elif len(over) >= _MANY:
            self._look()
        elif self._loop is not asyncio.get_running_loop():  # only tests have several
            self._look_soon()

    def start(self) -> None:
        """Begin to carry numbers to the supervisor; call it on the worker's event loop."""
        if self._metrics is not None:
            loop = asyncio.get_running_loop()
            self._carrying = loop.call_later(_CARRY_SECONDS, self._carry)

    def close(self) -> None:
        """Write and count everything, at the worker's end; takes a second at most."""
        if self._carrying is not None:
            self._carrying.cancel()
            self._carrying = None
        self._look()
        if self._log is not None:
            self._log.close()
        if self._metrics is not None:
            self._count_dropped(self._metrics)
            self._metrics.close()
        self._log = self._metrics = None

    def _look_soon(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.call_later(_DELAY_SECONDS, self._look)

    def _look(self) -> None:
        if not self._over:
            return
        over, self._over = self._over, []
        if self._metrics is not None:
            count = self._metrics.request
            for record in over:
                count(record)
        if self._log is not None:
            self._log.write(over)

    def _carry(self) -> None:
        if self._metrics is None:
            return
        self._look()
        self._metrics.in_flight(Counter(record.route for record in self._running))
        self._count_dropped(self._metrics)
        self._metrics.carry()
        self.start()

    def _count_dropped(self, metrics: WorkerMetrics) -> None:
        if self._log is not None:
            dropped = self._log.dropped
            metrics.lines_dropped(dropped - self._dropped)
            self._dropped = dropped
