"""The highest memory of a process tree while something runs."""

from __future__ import annotations

import threading
from types import TracebackType

from bench.processes import pss_by_process

MEBIBYTE = 1 << 20


class Peak:
    """Sample the tree's PSS a few times a second, as long as the block lasts."""

    def __init__(self, pid: int, interval_seconds: float = 0.2) -> None:
        self._pid = pid
        self._interval = interval_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.tree = 0
        self.by_process: dict[int, int] = {}

    def _sample(self) -> None:
        while True:
            sizes = pss_by_process(self._pid)
            self.tree = max(self.tree, sum(sizes.values()))
            for pid, size in sizes.items():
                self.by_process[pid] = max(self.by_process.get(pid, 0), size)
            if self._over.wait(self._interval):
                return

    @property
    def tree_mebibytes(self) -> float:
        return self.tree / MEBIBYTE

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
