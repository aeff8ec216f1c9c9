"""The drivers of blob storage, and hands to break what they have stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from entrepot.drivers.filesystem.inspector import FilesystemInspector
from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.memory.storage import MemoryStorage
from entrepot.drivers.memory.store import MemoryInspector, MemoryStore
from entrepot.ports.blobs import BlobStorage, Location
from entrepot.ports.inspection import BlobInspector


class Storages(Protocol):
    """One place for bytes, any number of storages that look at it."""

    def open(self) -> BlobStorage:
        """Make another instance of the driver, as another process would."""
        ...

    def stored(self, location: Location) -> bytes | None:
        """Look at a blob's bytes behind the driver's back."""
        ...

    def damage(self, location: Location, content: bytes | None) -> None:
        """Replace a blob's bytes behind the driver's back; None removes them."""
        ...

    def cut_upload(self, upload_id: str, size: int | None) -> None:
        """Let an upload's bytes end early, as after a crash; None loses all of them."""
        ...

    @property
    def places_by_digest(self) -> bool:
        """Whether the driver's places are named after the digests of what lies there."""
        ...

    def inspector(self) -> BlobInspector:
        """Make another inspector, as another process would."""
        ...

    def close(self) -> None:
        """Let go of everything that was opened."""
        ...


class MemoryStorages:
    places_by_digest = False

    def __init__(self, _: Path) -> None:
        self._store = MemoryStore()

    def open(self) -> BlobStorage:
        return MemoryStorage(self._store)

    def stored(self, location: Location) -> bytes | None:
        return self._store.blobs.get(location)

    def damage(self, location: Location, content: bytes | None) -> None:
        del self._store.blobs[location]
        if content is not None:
            self._store.blobs[location] = content

    def cut_upload(self, upload_id: str, size: int | None) -> None:
        if size is None:
            del self._store.uploads[upload_id]
        else:
            del self._store.uploads[upload_id].content[size:]

    def inspector(self) -> BlobInspector:
        return MemoryInspector(self._store)

    def close(self) -> None:
        """Nothing was opened."""


class FilesystemStorages:
    places_by_digest = True

    def __init__(self, root: Path) -> None:
        prepare(root)
        self._layout = Layout(root)
        self._opened: list[FilesystemStorage | FilesystemInspector] = []

    def open(self) -> BlobStorage:
        storage = FilesystemStorage(self._layout.root, threads=4)
        self._opened.append(storage)
        return storage

    def stored(self, location: Location) -> bytes | None:
        path = Path(self._layout.path(location))
        return path.read_bytes() if path.exists() else None

    def damage(self, location: Location, content: bytes | None) -> None:
        path = Path(self._layout.path(location))
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)

    def cut_upload(self, upload_id: str, size: int | None) -> None:
        path = self._layout.uploads / upload_id
        if size is None:
            path.unlink()
        else:
            with path.open("r+b") as file:
                file.truncate(size)

    def inspector(self) -> BlobInspector:
        inspector = FilesystemInspector(self._layout.root)
        self._opened.append(inspector)
        return inspector

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


STORAGES: dict[str, Callable[[Path], Storages]] = {
    "memory": MemoryStorages,
    "filesystem": FilesystemStorages,
}
