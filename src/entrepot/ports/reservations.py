"""Reservations: room within quotas for bytes that uploads are receiving.

They live beside the upload sessions, are lost at worst by a power loss, and end by themselves:
what a registry has is counted by the metadata alone.
"""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.name import RepositoryName

BOUNDLESS = 2**62
"""Room where there is no quota."""


@dataclass(frozen=True, slots=True)
class BytesAround:
    """Bytes for a repository, for its namespace and for the registry."""

    repository: int = 0
    namespace: int = 0
    registry: int = 0


class Reservations(Protocol):
    """Keeps reservations. Everything raises MetadataOutage when the database fails.

    Times are microseconds since 1970, UTC.
    """

    async def reserve(
        self,
        upload_id: str,
        name: RepositoryName,
        size: int,
        room: BytesAround,
        now: int,
        until: int,
    ) -> bool:
        """Take room for an upload; what it had taken before is replaced.

        Args:
            upload_id: which upload.
            name: the repository that it is for.
            size: bytes, all of the upload's together.
            room: what is left of the quotas, before any reservation.
            now: the time.
            until: when the reservation ends by itself.

        Returns:
            False when the others have taken so much that it does not fit; nothing changes then.
        """
        ...

    async def reserved(self, name: RepositoryName, now: int, but: str = "") -> BytesAround:
        """Tell what is taken around a repository, leaving out one upload."""
        ...

    async def release(self, upload_id: str) -> None:
        """Give back what an upload has taken, if anything."""
        ...

    async def forget_ended(self, now: int) -> None:
        """Remove reservations that have ended by themselves, which count no longer anyway."""
        ...
