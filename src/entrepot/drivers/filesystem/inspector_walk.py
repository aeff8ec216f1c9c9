"""Walks the folder of all blobs, and tells what in it is a blob and what is not.

A blob is a regular file `blobs/ALGORITHM/xx/HEX/data`, where xx are the first two digits of HEX,
and HEX has the algorithm's length. Links to files and folders are followed, as the server does.
"""

import os
from collections.abc import Iterator

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.foreign_files import printable
from entrepot.drivers.filesystem.layout import FOREIGN_UPLOADS, REGISTRY_TREE, Layout
from entrepot.errors import InvalidDigest
from entrepot.oci.digest import HEX_LENGTH, Digest
from entrepot.ports.inspection import OddFile, Oddity, StoredFile

_BLOBS = f"{REGISTRY_TREE}/blobs"
_DATA = "data"


def walk(layout: Layout) -> Iterator[StoredFile | OddFile]:
    """List every file among the blobs; folders that are merely empty are passed over."""
    top = _Folder(str(layout.root), _BLOBS)
    for algorithm in top.entries():
        if algorithm.name == FOREIGN_UPLOADS:
            continue
        if not algorithm.is_dir():
            yield _odd(algorithm, top.path, Oddity.FOREIGN, "no folder of blobs")
        elif algorithm.name not in HEX_LENGTH:
            yield from _everything_below(
                top.below(algorithm.name), "below no digest algorithm that is supported"
            )
        else:
            yield from _algorithm(top.below(algorithm.name), algorithm.name)


class _Folder:
    """A folder, with its name below the root of the storage."""

    __slots__ = ("_root", "path")

    def __init__(self, root: str, path: str) -> None:
        self._root = root
        self.path = path

    @property
    def absolute(self) -> str:
        return f"{self._root}/{self.path}"

    def below(self, name: str) -> "_Folder":
        return _Folder(self._root, f"{self.path}/{name}")

    def entries(self) -> list[os.DirEntry[str]]:
        """List what is in it, by name; nothing when it was removed meanwhile."""
        with translated(f"listing {printable(self.path)}"):
            try:
                with os.scandir(self.absolute) as entries:
                    return sorted(entries, key=lambda entry: entry.name)
            except FileNotFoundError:
                return []


def _algorithm(folder: _Folder, algorithm: str) -> Iterator[StoredFile | OddFile]:
    yield from _unwritable(folder)
    for prefix in folder.entries():
        if not prefix.is_dir():
            yield _odd(prefix, folder.path, Oddity.FOREIGN, "no folder of blobs")
            continue
        inner = folder.below(prefix.name)
        yield from _unwritable(inner)
        for entry in inner.entries():
            if entry.is_dir():
                yield from _blob_folder(inner.below(entry.name), algorithm, prefix.name)
            else:
                yield _odd(entry, inner.path, Oddity.FOREIGN, "no folder of a blob")


def _blob_folder(folder: _Folder, algorithm: str, prefix: str) -> Iterator[StoredFile | OddFile]:
    encoded = folder.path.rpartition("/")[2]
    for entry in folder.entries():
        if entry.name != _DATA or not entry.is_file():
            yield from _not_data(entry, folder)
            continue
        try:
            digest = Digest.parse(f"{algorithm}:{encoded}")
        except InvalidDigest:
            yield _odd(entry, folder.path, Oddity.MISPLACED, "its folder's name is no digest")
            continue
        if not encoded.startswith(prefix) or len(prefix) != 2:
            detail = f"its place is blobs/{algorithm}/{encoded[:2]}/{encoded}/{_DATA}"
            yield _odd(entry, folder.path, Oddity.MISPLACED, detail)
            continue
        yield from _data(entry, folder, digest)


def _data(
    entry: os.DirEntry[str], folder: _Folder, digest: Digest
) -> Iterator[StoredFile | OddFile]:
    try:
        status = entry.stat()
    except FileNotFoundError:  # removed a moment ago
        return
    if not os.access(entry.path, os.R_OK):
        detail = f"it belongs to user {status.st_uid}, and this is user {os.geteuid()}"
        yield OddFile(Oddity.UNREADABLE, f"{folder.path}/{_DATA}", status.st_size, detail)
    location = Layout.location(digest)
    placed_at, written_at = status.st_ctime_ns // 1000, status.st_mtime_ns // 1000
    yield StoredFile(digest, location, status.st_size, placed_at, written_at)


def _not_data(entry: os.DirEntry[str], folder: _Folder) -> Iterator[OddFile]:
    if entry.is_dir():
        yield from _everything_below(folder.below(entry.name), "inside of a blob's folder")
    else:
        yield _odd(entry, folder.path, Oddity.FOREIGN, "beside a blob's file")


def _everything_below(folder: _Folder, detail: str) -> Iterator[OddFile]:
    for entry in folder.entries():
        if entry.is_dir(follow_symlinks=False):
            yield from _everything_below(folder.below(entry.name), detail)
        else:
            yield _odd(entry, folder.path, Oddity.FOREIGN, detail)


def _unwritable(folder: _Folder) -> Iterator[OddFile]:
    if not os.access(folder.absolute, os.W_OK | os.X_OK):
        detail = f"user {os.geteuid()} cannot make files in it"
        yield OddFile(Oddity.UNWRITABLE, printable(folder.path), 0, detail)


def _odd(entry: os.DirEntry[str], folder: str, kind: Oddity, detail: str) -> OddFile:
    try:
        size = entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        size = 0
    return OddFile(kind, printable(f"{folder}/{entry.name}"), size, detail)
