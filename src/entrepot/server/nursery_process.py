"""A process from the nursery, also while one nursery has just died and another is not yet there."""

import time
from multiprocessing.context import ForkServerProcess

# A nursery that was killed is noticed by its dead children sooner than by those who wait for it:
# whoever asks it for a process in between finds its socket closed.
_PAUSES = (0.05, 0.2, 1.0)


class NurseryProcess(ForkServerProcess):
    """Asks again where nobody answered."""

    def start(self) -> None:
        """Start it.

        Raises:
            OSError: no process can be made.
            EOFError: the nursery died again and again.
        """
        for pause in _PAUSES:
            try:
                super().start()
            except (EOFError, OSError):
                time.sleep(pause)
            else:
                return
        super().start()
