"""Walks the folders of all blobs in order, holding one page at a time in memory."""

import os
from collections.abc import Iterator
from itertools import islice

from entrepot.drivers.filesystem.failures import translated
from entrepot.drivers.filesystem.layout import REGISTRY_TREE, Layout
from entrepot.oci.digest import HEX_LENGTH
from entrepot.ports.blobs import Location, StoredBytes

_BLOBS = f"{REGISTRY_TREE}/blobs"
_PREFIX_DIGITS = 2


def stored_page(layout: Layout, begin: str, after: str, limit: int) -> list[StoredBytes]:
    """List places of blobs, filled and empty ones, in the order of their locations.

    Args:
        layout: of the storage.
        begin: what their locations begin with.
        after: the location behind which to begin.
        limit: places at most.

    Raises:
        StorageOutage: the file system failed.
    """
    return list(islice(_walk(layout, begin, after), limit))


def _walk(layout: Layout, begin: str, after: str) -> Iterator[StoredBytes]:
    for algorithm, length in sorted(HEX_LENGTH.items()):
        top = f"{_BLOBS}/{algorithm}"
        for prefix in _folders(layout, top, begin, after):
            if len(prefix) != _PREFIX_DIGITS:
                continue
            for encoded in _folders(layout, f"{top}/{prefix}", begin, after):
                if len(encoded) != length or not encoded.startswith(prefix):
                    continue  # nothing that a registry has put there
                location = f"{top}/{prefix}/{encoded}/data"
                if location > after and location.startswith(begin):
                    found = _look(layout, Location(location))
                    if found is not None:
                        yield found


def _folders(layout: Layout, path: str, begin: str, after: str) -> list[str]:
    """Name the folders in one that can have something which is wanted, in their order."""
    with translated("listing blobs"):
        try:
            with os.scandir(f"{layout.root}/{path}") as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
    return sorted(name for name in names if _is_wanted(f"{path}/{name}/", begin, after))


def _is_wanted(folder: str, begin: str, after: str) -> bool:
    if not (folder.startswith(begin) or begin.startswith(folder)):
        return False
    return folder > after or after.startswith(folder)


def _look(layout: Layout, location: Location) -> StoredBytes | None:
    path = layout.path(location)
    with translated("looking at a blob"):
        try:
            status = os.stat(path, follow_symlinks=False)
            return StoredBytes(location, status.st_mtime_ns // 1000, status.st_size)
        except FileNotFoundError:
            pass
        try:
            status = os.stat(os.path.dirname(path))
        except FileNotFoundError:
            return None
        return StoredBytes(location, status.st_mtime_ns // 1000, 0)
