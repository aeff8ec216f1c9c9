"""A blob storage from which nothing is removed, for whoever only wants to know what would be."""

from typing import Any

from entrepot.ports.blobs import BlobStorage, Location, Unless


class SparedBytes:
    """Implements `BlobStorage` with another one.

    Args:
        storage: does everything else.
    """

    def __init__(self, storage: BlobStorage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def delete(self, location: Location, unless: Unless | None) -> bool:
        """Say whether the bytes would be removed."""
        del location
        return unless is None or not await unless()
