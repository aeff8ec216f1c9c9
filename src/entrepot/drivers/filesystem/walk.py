"""Walks the folders of all blobs, a page at a time: never more than a page is in memory."""

import os
from collections.abc import Generator, Iterator

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import REGISTRY_TREE, Layout
from entrepot.oci.digest import HEX_LENGTH
from entrepot.ports.blobs import Location, StoredBytes

_PAGE = 500
_PREFIX_DIGITS = 2


def walk_blobs(layout: Layout) -> Generator[list[StoredBytes], None, None]:
    """List the places of blobs, filled and empty ones, in pages that are never empty.

    Raises:
        StorageOutage: the file system failed.
    """
    page: list[StoredBytes] = []
    for algorithm in HEX_LENGTH:
        for prefix in _folders(f"{layout.blobs}/{algorithm}"):
            if len(prefix) != _PREFIX_DIGITS:
                continue
            for encoded in _folders(f"{layout.blobs}/{algorithm}/{prefix}"):
                if len(encoded) != HEX_LENGTH[algorithm] or not encoded.startswith(prefix):
                    continue  # nothing that a registry has put there
                found = _look(layout, f"{REGISTRY_TREE}/blobs/{algorithm}/{prefix}/{encoded}")
                if found is not None:
                    page.append(found)
                if len(page) >= _PAGE:
                    yield page
                    page = []
    if page:
        yield page


def _folders(path: str) -> Iterator[str]:
    with translated("listing blobs"):
        try:
            entries = os.scandir(path)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name


def _look(layout: Layout, folder: str) -> StoredBytes | None:
    location = Location(f"{folder}/data")
    with translated("looking at a blob"):
        try:
            status = os.stat(layout.path(location), follow_symlinks=False)
            return StoredBytes(location, status.st_mtime_ns // 1000, status.st_size)
        except FileNotFoundError:
            pass
        try:
            status = os.stat(f"{layout.root}/{folder}")
        except FileNotFoundError:
            return None
        return StoredBytes(location, status.st_mtime_ns // 1000, 0)
