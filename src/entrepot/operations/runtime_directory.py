"""Where the processes of one start meet: a directory of small files in memory.

DIRECTORY                made by the supervisor, removed at its end
├── supervisor           locked while the supervisor lives
├── worker-N             locked while the worker with number N lives
├── maintenance          locked by the worker that does the housekeeping
├── health               one byte: what the workers must know (health_flag)
├── ready-PID            there as soon as a worker accepts connections
├── tls/                 what the workers serve TLS with (tls/generations)
└── metrics/*.db         what the workers have counted (metrics_file)

A lock ends with its process, however that ends, so nothing here can be left in a wrong state.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Self

_PREFIX = "entrepot-"
# A directory that is younger may belong to a start that has not locked it yet.
_SETTLED_SECONDS = 60.0
# Whoever asks whether a number is free holds its lock for some microseconds.
_TRIES, _TRY_SECONDS = 3, 0.0005


class Lock:
    """A lock that lasts as long as this object and this process.

    Args:
        descriptor: the open, locked file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Lock a file, which is made where it is missing; None when somebody else holds it.

        Raises:
            OSError: the file cannot be made or opened.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def release(self) -> None:
        """Let go of it. Releasing twice is allowed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock of a file."""
    if not path.exists():
        return False
    lock = Lock.take(path)
    if lock is not None:
        lock.release()
    return lock is None


class RuntimeDirectory:
    """The directory of one start. The supervisor makes it, workers open it by its path.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Lock | None = None

    @property
    def health(self) -> Path:
        """The file of the health flag."""
        return self.path / "health"

    @property
    def maintenance(self) -> Path:
        """The file that the worker that does the housekeeping has locked."""
        return self.path / "maintenance"

    @property
    def metrics(self) -> Path:
        """The directory of what the workers have counted."""
        return self.path / "metrics"

    def ready(self, pid: int) -> Path:
        """Name the file that is there as soon as the worker with a process id accepts."""
        return self.path / f"ready-{pid}"

    def worker(self, number: int) -> Path:
        """Name the file that the worker with a number has locked."""
        return self.path / f"worker-{number}"

    @classmethod
    def create(cls, parent: Path | None = None) -> Self:
        """Make one, and remove those that killed supervisors have left behind.

        Args:
            parent: where; None takes $RUNTIME_DIRECTORY (systemd), /dev/shm or the directory for
                temporary files, the first one that can be written.

        Raises:
            OSError: no place can be written.
        """
        parent = parent or _writable_parent()
        _sweep(parent)
        directory = cls(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)))
        directory._lock = Lock.take(directory.path / "supervisor")
        directory.metrics.mkdir()
        return directory

    def workers(self) -> list[int]:
        """List the numbers of the workers that live, ascending."""
        numbers = (int(path.name.removeprefix("worker-")) for path in self.path.glob("worker-*"))
        return sorted(number for number in numbers if is_held(self.worker(number)))

    def remove(self) -> None:
        """Remove it and everything in it. Removing twice is allowed."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class WorkerSeat:
    """A worker's number, from 1, its own as long as it lives.

    Args:
        number: the number.
        lock: what makes it its own.
    """

    def __init__(self, number: int, lock: Lock) -> None:
        self.number = number
        self._lock = lock

    @classmethod
    def take(cls, directory: RuntimeDirectory) -> Self:
        """Take the lowest number that no living worker has.

        Raises:
            OSError: the directory is gone or cannot be written.
        """
        number = 1
        while True:
            for _ in range(_TRIES):
                lock = Lock.take(directory.worker(number))
                if lock is not None:
                    return cls(number, lock)
                time.sleep(_TRY_SECONDS)
            number += 1

    def release(self) -> None:
        """Give the number back, at the worker's end."""
        self._lock.release()


def _writable_parent() -> Path:
    # systemd separates several directories by colons.
    for candidate in (*os.environ.get("RUNTIME_DIRECTORY", "").split(":"), "/dev/shm"):  # noqa: S108 - the name in it is unique and private
        if candidate and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    return Path(tempfile.gettempdir())


def _sweep(parent: Path) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            facts = path.lstat()
            settled = time.time() - facts.st_mtime > _SETTLED_SECONDS
            ours = facts.st_uid == os.getuid() and not path.is_symlink()
            lock = path / "supervisor"
            if settled and ours and lock.is_file() and not is_held(lock):
                shutil.rmtree(path, ignore_errors=True)
