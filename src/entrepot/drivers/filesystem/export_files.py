"""Puts files into a directory that another program will read, so that a kill leaves no half ones.

Blobs are hard links where the file system allows that, so that they take no room; else copies.
"""

import errno
import json
import os
import shutil
from pathlib import Path

from entrepot.drivers.filesystem.durability import make_directory, sync_directory
from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.snapshots import sync_file
from entrepot.errors import ConfigurationError
from entrepot.ports.metadata import StoredBlob

MARK = ".entrepot-export"
_UNFINISHED = ".unfinished"
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


class ExportFiles:
    """Writes into one directory.

    Args:
        layout: where the blobs lie.
        directory: where they go.
        form: of the export, for its mark.
        copy: never link.
    """

    def __init__(self, layout: Layout, directory: Path, form: str, *, copy: bool = False) -> None:
        self._layout = layout
        self._form = form
        self._copy = copy
        self.directory = directory

    def begin(self) -> None:
        """Make the directory, or go on with an export that was begun there.

        Raises:
            ConfigurationError: it has something else.
            StorageOutage: it cannot be written.
        """
        mark = self.directory / MARK
        with translated(f"beginning an export to {self.directory}"):
            make_directory(self.directory)
            if mark.exists():
                said = json.loads(mark.read_text())
                if said.get("form") != self._form:
                    raise ConfigurationError(
                        f"{self.directory} has an export in the form {said.get('form')}"
                    )
                return
            if any(self.directory.iterdir()):
                raise ConfigurationError(
                    f"{self.directory} is not empty, and has no unfinished export"
                )
            self.write(MARK, self._mark(finished=False))

    def finish(self) -> None:
        """Wait until all of it has reached the disk, and say that it is whole."""
        with translated("finishing an export"):
            # One call for everything: syncing each of very many files takes hours.
            os.sync()
            self.write(MARK, self._mark(finished=True))
            sync_file(self.directory / MARK)
            sync_directory(self.directory)

    def put_blob(self, blob: StoredBlob, path: str) -> bool:
        """Link or copy a blob; False when its file is not there in its size.

        Args:
            blob: which one.
            path: below the directory.
        """
        source = self._layout.path(blob.location)
        target = self.directory / path
        with translated("exporting a blob"):
            try:
                size = os.stat(source).st_size
            except FileNotFoundError:
                return False
            if blob.quarantined or size != blob.size:
                return False
            if target.exists() and target.stat().st_size == blob.size:
                return True
            target.parent.mkdir(parents=True, exist_ok=True)
            return self._place(source, target)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file; one that is there is replaced.

        Args:
            path: below the directory.
            content: all of it.
        """
        target = self.directory / path
        with translated("exporting"):
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_name(f"{target.name}{_UNFINISHED}")
            # One that a kill has left may be a hard link to a blob: writing would change the blob.
            unfinished.unlink(missing_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(target)

    def forget(self, path: str) -> None:
        """Remove a folder that an earlier try has written."""
        with translated("exporting"):
            shutil.rmtree(self.directory / path, ignore_errors=True)

    def _place(self, source: str, target: Path) -> bool:
        unfinished = target.with_name(f"{target.name}{_UNFINISHED}")
        unfinished.unlink(missing_ok=True)
        try:
            if self._copy or not _link(source, unfinished):
                shutil.copyfile(source, unfinished)
        except FileNotFoundError:  # collected since it was looked at
            unfinished.unlink(missing_ok=True)
            return False
        unfinished.replace(target)
        return True

    def _mark(self, *, finished: bool) -> bytes:
        return json.dumps({"form": self._form, "finished": finished}).encode()


def _link(source: str, target: Path) -> bool:
    """Link a file; False where the file system does not."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True
