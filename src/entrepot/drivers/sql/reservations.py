"""Reservations in the SQLite file of the upload sessions."""

from entrepot.drivers.sql.sessions import SqliteUploadSessions
from entrepot.oci.name import RepositoryName
from entrepot.ports.reservations import BytesAround


class SqliteReservations:
    """Implements `Reservations`.

    Args:
        sessions: whose file and connection it shares.
    """

    def __init__(self, sessions: SqliteUploadSessions) -> None:
        self._sessions = sessions

    async def reserve(
        self,
        upload_id: str,
        name: RepositoryName,
        size: int,
        room: BytesAround,
        now: int,
        until: int,
    ) -> bool:
        """Take room for an upload; what it had taken before is replaced."""
        _, count = await self._sessions.run(
            "reserve",
            id=upload_id,
            repository=name,
            namespace=name.partition("/")[0],
            bytes=size,
            until=until,
            now=now,
            repository_room=room.repository,
            namespace_room=room.namespace,
            registry_room=room.registry,
        )
        return count == 1

    async def reserved(self, name: RepositoryName, now: int, but: str = "") -> BytesAround:
        """Tell what is taken around a repository, leaving out one upload."""
        rows, _ = await self._sessions.run(
            "reserved", repository=name, namespace=name.partition("/")[0], now=now, id=but
        )
        return BytesAround(*rows[0])

    async def release(self, upload_id: str) -> None:
        """Give back what an upload has taken, if anything."""
        await self._sessions.run("release_reservation", id=upload_id)

    async def forget_ended(self, now: int) -> None:
        """Remove reservations that have ended by themselves, which count no longer anyway."""
        await self._sessions.run("forget_reservations", now=now)
