"""Small disks that are filled and broken on purpose, seen by one registry only."""

import errno
import os
import time
from pathlib import Path

from tests.acceptance.durability.server import Server, Settings
from tests.acceptance.harness.process import run
from tests.waiting import PATIENCE

_MEBIBYTE = 1 << 20


class Disk:
    """A file system in a file, or in memory, mounted where only one registry sees it.

    Args:
        folder: where the image, the configuration and the log lie.
        kind: `ext4` or `tmpfs`. What is on a tmpfs is gone with its registry.
        mebibytes: how large it is.
    """

    def __init__(self, folder: Path, kind: str, mebibytes: int = 48) -> None:
        self._folder = folder
        self._mount = f"mount -t tmpfs -o size={mebibytes}m none"
        self._point = folder / "disk"
        self._point.mkdir()
        if kind == "ext4":
            image = folder / "image"
            with image.open("wb") as file:
                file.truncate(mebibytes * _MEBIBYTE)
            run(["mkfs.ext4", "-q", "-m", "0", image])
            self._mount = f"mount -o loop {image}"

    def serve(self, settings: Settings | None = None) -> Server:
        """Start a registry whose data lie on the disk."""
        script = f'{self._mount} "{self._point}" && exec "$@"'
        before = ["unshare", "--mount", "sh", "-c", script, "sh"]
        return Server(self._folder, settings, before=before, data=self._point)

    def seen_by(self, server: Server) -> Path:
        """Give the disk's root directory as that registry sees it."""
        return Path(f"/proc/{server.pid}/root{self._point}")

    def run(self, server: Server, command: list[str]) -> None:
        """Run a program where that registry's disk is mounted; it is named as `{}`."""
        words = [str(self._point) if word == "{}" else word for word in command]
        run(["nsenter", f"--mount=/proc/{server.pid}/ns/mnt", *words])


def fill(folder: Path, leave: int) -> Path:
    """Write a file that leaves so many bytes, at most, on the file system of a folder."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (_MEBIBYTE, 4096, 1):
            while _free(folder) - leave >= size:
                try:
                    file.write(b"\xff" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break
        os.fsync(file.fileno())
    return filler


def uploads(folder: Path) -> list[str]:
    """List the files of uploads that are under way."""
    return sorted(os.listdir(folder / "entrepot" / "uploads"))


def wait_for_uploads(folder: Path, number: int, seconds: float = PATIENCE) -> None:
    """Wait until so many files of uploads are there."""
    deadline = time.monotonic() + seconds
    while len(uploads(folder)) != number:
        assert time.monotonic() < deadline, uploads(folder)
        time.sleep(0.02)


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
