"""Files of an image layout or an archive: below a directory, or in a tar.

Nothing of a tar is ever extracted. Names are looked up as they stand in it; links in it lead to
other names in it, and nowhere else.
"""

import os
import posixpath
import tarfile
from pathlib import Path
from typing import IO, Protocol

from entrepot.drivers.filesystem.failures import translated
from entrepot.errors import StorageOutage

_MOST_LINKS = 8


class OpenedFile:
    """Implements `SourceBlob`."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.size = size

    def read(self, size: int) -> bytes:
        """Give the next bytes; none at the end."""
        try:
            with translated("reading what is imported"):
                return self._file.read(size)
        except (tarfile.TarError, EOFError) as error:
            raise StorageOutage(f"the archive cannot be read: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Files(Protocol):
    """Files by their names, with slashes."""

    def open(self, name: str) -> OpenedFile | None:
        """Open a file; None when there is none."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


def read_file(files: Files, name: str, limit: int) -> bytes | None:
    """Read a small file; None when there is none, or it is longer than a limit in bytes."""
    opened = files.open(name)
    if opened is None:
        return None
    try:
        content = opened.read(limit + 1)
    finally:
        opened.close()
    return content if len(content) <= limit else None


class DirectoryFiles:
    """Implements `Files` below a directory.

    Args:
        root: the directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, name: str) -> OpenedFile | None:
        """Open a file; None when there is none."""
        with translated(f"opening {name}"):
            try:
                file = (self._root / name).open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None
            return OpenedFile(file, os.fstat(file.fileno()).st_size)

    def close(self) -> None:
        """Nothing is open."""


class TarFiles:
    """Implements `Files` in a tar, compressed or not; a compressed one is read many times over.

    Args:
        path: the archive.

    Raises:
        StorageOutage: it is no archive that can be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._tar = tarfile.open(path)  # noqa: SIM115 (it is open until close is called)
            # Of two files with one name the last holds, as in an extracted archive.
            self._members = {_plain(member.name): member for member in self._tar}
        except (OSError, tarfile.TarError, EOFError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise StorageOutage(
                f"{path} cannot be read: {reason or 'it is no whole tar archive'}"
            ) from error

    def open(self, name: str) -> OpenedFile | None:
        """Open a file; None when there is none."""
        member = self._find(name)
        if member is None:
            return None
        try:
            file = self._tar.extractfile(member)
        except (OSError, tarfile.TarError, EOFError) as error:
            raise StorageOutage(f"the archive cannot be read at {name}: {error}") from error
        return None if file is None else OpenedFile(file, member.size)

    def close(self) -> None:
        """Let go of the archive."""
        self._tar.close()

    def _find(self, name: str) -> tarfile.TarInfo | None:
        for _ in range(_MOST_LINKS):
            member = self._members.get(_plain(name))
            if member is None or member.isreg():
                return member
            if member.issym():
                name = posixpath.join(posixpath.dirname(_plain(name)), member.linkname)
            elif member.islnk():
                name = member.linkname
            else:
                return None
        return None


def _plain(name: str) -> str:
    return posixpath.normpath(name).removeprefix("/")
