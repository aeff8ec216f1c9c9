"""One registry at a time on a data directory.

The supervisor holds the file `lock`. Each worker shares a lock on the folder beside it, so that the
workers of a supervisor that was killed are known to have ended before the next one begins: two
generations must never write to one upload.

A command that changes something beside them shares a lock on the folder of uploads. So who puts
another database in place knows that nobody goes on with the one before: a collector that asked it
which bytes are needed would remove those that only the other one knows.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.drivers.filesystem.layout import OWN_FOLDER, Layout
from entrepot.drivers.filesystem.permission import explain
from entrepot.errors import StorageOutage

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.02


@contextmanager
def hold(root: Path, patience: float = _PATIENCE_SECONDS) -> Iterator[None]:
    """Hold a data directory until the block ends, or the process does, however it ends.

    Args:
        root: the directory; `prepare` has run on it.
        patience: seconds that workers of an earlier registry have to end.

    Raises:
        StorageOutage: another registry holds it; the message says which process.
    """
    path = root / OWN_FOLDER / "lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageOutage(explain(root, error)) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            raise StorageOutage(
                f"another registry is running on {root}"
                + (f" (process {holder})" if holder else "")
            ) from None
        with contextlib.suppress(OSError):  # a full disk: the number is for a message only
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
        _wait_for_workers(root, patience)
        yield
    finally:
        os.close(file)


def join(root: Path) -> int:
    """Be one of the workers on a data directory until the process ends.

    Args:
        root: the directory, which the supervisor holds.

    Returns:
        A descriptor, which is to stay open.

    Raises:
        StorageOutage: the directory is gone.
    """
    try:
        folder = _open_folder(root)
        fcntl.flock(folder, fcntl.LOCK_SH)
    except OSError as error:
        raise StorageOutage(explain(root, error)) from error
    return folder


@contextmanager
def work_beside(root: Path) -> Iterator[None]:
    """Keep the database where it is while a command works, beside a registry that may run.

    Raises:
        StorageOutage: another database is being put in its place at this moment.
    """
    with _locked_uploads(root, fcntl.LOCK_SH, f"the database of {root} is being restored"):
        yield


@contextmanager
def nobody_beside(root: Path) -> Iterator[None]:
    """Keep commands away for as long as the database is replaced.

    Raises:
        StorageOutage: one is at work.
    """
    with _locked_uploads(
        root, fcntl.LOCK_EX, f"a command is working on {root}; wait until it has finished"
    ):
        yield


@contextmanager
def _locked_uploads(root: Path, kind: int, refusal: str) -> Iterator[None]:
    try:
        folder = os.open(Layout(root).uploads, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:  # no registry was ever here
        yield
        return
    except OSError as error:
        raise StorageOutage(explain(root, error)) from error
    try:
        try:
            fcntl.flock(folder, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageOutage(refusal) from None
        yield
    finally:
        os.close(folder)


def _wait_for_workers(root: Path, patience: float) -> None:
    folder = _open_folder(root)
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StorageOutage(
                        f"workers of a killed registry are still running on {root}; end them"
                    ) from None
                time.sleep(_PAUSE_SECONDS)
            else:
                return
    finally:
        os.close(folder)


def _open_folder(root: Path) -> int:
    return os.open(root / OWN_FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
