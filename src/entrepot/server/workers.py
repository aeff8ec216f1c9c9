"""Keeps the workers: starts them, starts another for each that dies, and ends them all."""

import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import FrameType

from entrepot.operations.runtime_directory import RuntimeDirectory
from entrepot.server.listening import Listeners
from entrepot.server.loading import become_worker
from entrepot.server.nursery_process import NurseryProcess
from entrepot.server.orders import Orders

logger = logging.getLogger("entrepot.server")

# Until the next one is started, where workers die before they accept anything.
_PAUSES = (0.1, 0.5, 2.0, 5.0)
# A stop that takes no longer needs no explanation.
_SILENT_SECONDS = 0.5
# Wrappers and `timeout` give one signal twice.
_AGAIN_SECONDS = 1.0
# For a worker to end in order when the drain time is over.
_ENDING_SECONDS = 10.0


@dataclass(slots=True)
class _Place:
    """Where one worker after the other works.

    Attributes:
        number: from 0.
        process: None while nobody works here.
        failures: of workers in a row that died before they accepted anything.
        due: when the next one is started, on the monotonic clock.
    """

    number: int
    process: NurseryProcess | None = None
    failures: int = 0
    due: float = 0.0


class Workers:
    """The workers of one start.

    Args:
        orders: for each of them.
        listeners: their sockets.
        drain: seconds that requests have to finish at the end.
        hang_up: called at SIGHUP, and after `ask_for_reload`.
    """

    def __init__(
        self,
        orders: Orders,
        listeners: Listeners,
        drain: float,
        hang_up: Callable[[], None],
    ) -> None:
        self._orders = orders
        self._runtime = RuntimeDirectory(orders.runtime)
        self._listeners = listeners
        self._drain = drain
        self._hang_up = hang_up
        self._places = [_Place(number) for number in range(orders.workers)]
        self._stopping = 0.0
        self._hurried = False
        self._hung_up = False
        # Signals and other threads write into it what `run` waits for.
        self._heard, self._told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen_to_signals(self) -> None:
        """From now on SIGTERM and SIGINT end `run`, and SIGHUP is answered there.

        A second one says not to wait for what runs.
        """
        # Not by the handlers: the kernel may give a signal to any thread (it does when the process
        # was frozen), and Python answers it in the main thread, when that runs again.
        signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGHUP, self._note_hang_up)

    def run(self) -> None:
        """Keep the workers until a signal ends it, then end them."""
        while not self._stopping:
            self._fill_places()
            self._wait_until(min((one.due for one in self._places if not one.process), default=0))
            if self._hung_up:
                self._hung_up = False
                self._hang_up()
        self._end()
        signal.set_wakeup_fd(-1)
        os.close(self._heard)
        os.close(self._told)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to every worker."""
        for place in self._places:
            if place.process is not None and place.process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(place.process.pid, number)

    def ask_for_reload(self) -> None:
        """Do what SIGHUP does; from any thread."""
        self._hung_up = True
        with suppress(BlockingIOError):  # it will look anyway
            os.write(self._told, b"\0")

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._stopping:
            self._stopping = now
        elif now - self._stopping > _AGAIN_SECONDS:
            self._hurried = True

    def _note_hang_up(self, number: int, frame: FrameType | None) -> None:
        self._hung_up = True

    def _wait_until(self, due: float) -> None:
        """Wait for a signal, a worker's end, or a time; 0 is never."""
        sentinels = [one.process.sentinel for one in self._places if one.process is not None]
        wait([self._heard, *sentinels], max(0.0, due - time.monotonic()) if due else None)
        with suppress(BlockingIOError):
            while os.read(self._heard, 1024):
                pass

    def _fill_places(self) -> None:
        for place in self._places:
            if place.process is not None and not place.process.is_alive():
                self._bury(place)
            if place.process is None and place.due <= time.monotonic():
                self._start(place)

    def _bury(self, place: _Place) -> None:
        dead = place.process
        if dead is None or dead.pid is None:
            return
        place.process = None
        ready = self._runtime.ready(dead.pid)
        self._postpone(place, accepted=ready.exists())
        ready.unlink(missing_ok=True)
        code = dead.exitcode or 0
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        logger.error("worker process %d ended %s; starting another one", dead.pid, how)

    def _postpone(self, place: _Place, *, accepted: bool) -> None:
        place.failures = 0 if accepted else place.failures + 1
        pause = _PAUSES[min(place.failures, len(_PAUSES)) - 1] if place.failures else 0.0
        place.due = time.monotonic() + pause

    def _start(self, place: _Place) -> None:
        listener = self._listeners.of(place.number)
        process = NurseryProcess(
            name=f"worker-{place.number}", target=become_worker, args=(self._orders, listener)
        )
        try:
            process.start()
        except (OSError, EOFError) as error:
            logger.error("a worker cannot be started: %s", error)
            self._postpone(place, accepted=False)
        else:
            place.process = process

    def _end(self) -> None:
        self.tell(signal.SIGTERM)
        deadline = time.monotonic() + self._drain + _ENDING_SECONDS
        tells_at = time.monotonic() + _SILENT_SECONDS
        while not self._hurried and time.monotonic() < deadline:
            for place in self._places:
                if place.process is not None and not place.process.is_alive():
                    place.process = None
            if all(place.process is None for place in self._places):
                return
            if tells_at <= time.monotonic():
                tells_at = deadline
                logger.info(
                    "stopping: requests in progress may finish within %g s; a second signal, or"
                    " Ctrl-C again, ends them now",
                    self._drain,
                )
            self._wait_until(min(deadline, tells_at))
        for place in self._places:
            if place.process is not None:
                logger.warning("killing worker process %s, which has not ended", place.process.pid)
                place.process.kill()
                place.process.join()
