"""A limit of the processor's time that a piece of work may take, however busy the machine is."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def within_cpu_seconds(seconds: float) -> Iterator[None]:
    """Fail when what is done takes more of the processor; ends a search that would never end.

    Args:
        seconds: of this process's own time, so that others on the machine do not count.
    """

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"took more than {seconds} s of the processor")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
