"""Small blobs that lie in their place before they are on the disk.

Whoever makes such a blob known keeps its bytes in the same transaction, which is durable. So its
commit waits for no disk, and several are synced together a moment later. Each file stays open
until then: Linux tells of a failed write-back only who has had the file open since before.
"""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from entrepot.drivers.filesystem.durability import sync_directory
from entrepot.drivers.filesystem.upload_file import start_writeback
from entrepot.ports.blobs import Settled, Upload

logger = logging.getLogger("entrepot.storage")

LARGEST_BYTES = 16 * 1024
_MOST_BYTES = 16 * 1024 * 1024
_MOST_FILES = 512


@dataclass(frozen=True, slots=True)
class UnsettledFile:
    """A blob's file that is not on the disk yet.

    Attributes:
        upload: that it was.
        target: its path.
        file: open; closed by whoever takes it.
        size: bytes.
    """

    upload: Upload
    target: str
    file: int
    size: int


class UnsettledFiles:
    """The files of one process that are still to be synced."""

    def __init__(self) -> None:
        self._waiting: list[UnsettledFile] = []
        self._files = 0
        self._bytes = 0
        # Nobody leaves a file here before somebody has come to look for some.
        self._wanted = False

    def reserve(self, size: int) -> bool:
        """Tell whether a blob may wait to be synced; where it may, `add` or `cancel` follows."""
        if (
            not self._wanted
            or size > LARGEST_BYTES
            or self._files >= _MOST_FILES
            or self._bytes + size > _MOST_BYTES
        ):
            return False
        self._files += 1
        self._bytes += size
        return True

    def cancel(self, size: int) -> None:
        """Give a reservation back."""
        self._files -= 1
        self._bytes -= size

    def add(self, file: UnsettledFile) -> None:
        """Take a file whose bytes are kept by a transaction that has ended."""
        self._waiting.append(file)

    def take(self) -> list[UnsettledFile]:
        """Give the files that wait, each once; `cancel` follows for each."""
        self._wanted = True
        taken, self._waiting = self._waiting, []
        return taken

    def sync(self, files: Sequence[UnsettledFile]) -> Settled:
        """Wait for the disk, and close the files.

        All of them are on their way before the first is waited for: then one commit of the file
        system's journal serves them all, and the later syncs find it done.
        """
        done: list[Upload] = []
        failed: list[Upload] = []
        folders: dict[str, bool] = {}
        for waiting in files:
            start_writeback(waiting.file, 0, waiting.size)
        for waiting in files:
            try:
                os.fsync(waiting.file)
                settled = all(self._sync_folder(path, folders) for path in _above(waiting.target))
            except OSError as error:
                logger.error("%s cannot be synced: %s", waiting.target, error.strerror)
                settled = False
            finally:
                os.close(waiting.file)
            (done if settled else failed).append(waiting.upload)
        if failed:
            self._wanted = False  # nothing more is left to such a disk before somebody looks again
        return Settled(tuple(done), tuple(failed))

    def _sync_folder(self, path: str, known: dict[str, bool]) -> bool:
        """Sync a folder, once for all files; one that was removed meanwhile needs none."""
        if path not in known:
            known[path] = True
            try:
                with suppress(FileNotFoundError):
                    sync_directory(path)
            except OSError as error:
                logger.error("%s cannot be synced: %s", path, error.strerror)
                known[path] = False
        return known[path]


def _above(target: str) -> tuple[str, str, str]:
    folder = os.path.dirname(target)
    prefix = os.path.dirname(folder)
    return folder, prefix, os.path.dirname(prefix)
