"""Room for bytes that are arriving: reserved a few MiB ahead, so not looked at with each piece."""

from entrepot.errors import QuotaExceeded
from entrepot.oci.name import RepositoryName
from entrepot.ports.clock import Clock
from entrepot.ports.uploads import BOUNDLESS, BytesAround, Reservations
from entrepot.ports.usage import QuotaCounters, UsedAround
from entrepot.services.quotas.limits import LimitsAround
from entrepot.services.quotas.refusal import Excess

AHEAD = 8 * 1024 * 1024
"""Bytes that an upload of unknown length reserves at once."""


class Receiving:
    """The room of one upload, for as long as a request brings bytes.

    Args:
        counters: tell what is used.
        reservations: what uploads have taken.
        clock: tells the time.
        lease: microseconds for which room stays taken when the worker dies.
        limits: that hold for the repository.
        name: of the repository.
        upload_id: of the upload.
    """

    __slots__ = (
        "_clock",
        "_counters",
        "_lease",
        "_limits",
        "_name",
        "_renewed_at",
        "_reservations",
        "_taken",
        "_upload_id",
    )

    def __init__(
        self,
        counters: QuotaCounters,
        reservations: Reservations,
        clock: Clock,
        lease: int,
        limits: LimitsAround,
        name: RepositoryName,
        upload_id: str,
    ) -> None:
        self._counters = counters
        self._reservations = reservations
        self._clock = clock
        self._lease = lease
        self._limits = limits
        self._name = name
        self._upload_id = upload_id
        self._taken = -1
        self._renewed_at = 0

    async def need(self, size: int) -> None:
        """Have room for that many bytes, all of the upload's together.

        Raises:
            QuotaExceeded: there is none.
        """
        stale = self._clock.now() - self._renewed_at > self._lease // 3
        if size <= self._taken and not stale:
            return
        used = await self._counters.used(self._name)
        room = self._room(used)
        # A little more than is needed, so that the next pieces need not ask; else just that.
        for wanted in (self._taken if size <= self._taken else size + AHEAD, size):
            if await self._take(wanted, room):
                return
        raise await self._refusal(used, size)

    async def take_exactly(self, size: int) -> None:
        """Have room for a length that was declared, all of the upload's bytes together.

        Raises:
            QuotaExceeded: there is none.
        """
        used = await self._counters.used(self._name)
        if not await self._take(size, self._room(used)):
            raise await self._refusal(used, size)

    async def give_back(self) -> None:
        """Let others have the room."""
        if self._taken >= 0:
            self._taken = -1
            await self._reservations.release(self._upload_id)

    async def _take(self, size: int, room: BytesAround) -> bool:
        now = self._clock.now()
        until = now + self._lease
        if not await self._reservations.reserve(
            self._upload_id, self._name, size, room, now, until
        ):
            return False
        self._taken, self._renewed_at = size, now
        return True

    def _room(self, used: UsedAround) -> BytesAround:
        limits = self._limits
        return BytesAround(
            _left(limits.repository.bytes, used.repository.bytes),
            _left(limits.namespace.bytes, used.namespace.bytes),
            _left(limits.registry.bytes, used.registry.bytes),
        )

    async def _refusal(self, used: UsedAround, size: int) -> QuotaExceeded:
        others = await self._reservations.reserved(self._name, self._clock.now(), self._upload_id)
        return byte_excess(self._limits, used, others, size).error(self._name)


def byte_excess(
    limits: LimitsAround, used: UsedAround, arriving: BytesAround, wanted: int | None
) -> Excess:
    """Name the quota that stands in the way of bytes: the one with the least room.

    Args:
        limits: that hold; at least one of bytes.
        used: what is counted.
        arriving: what other uploads have taken.
        wanted: bytes; None where nobody knows yet.
    """
    found = [
        Excess(
            scope,
            "bytes",
            getattr(used, scope).bytes,
            getattr(limits, scope).bytes,
            wanted,
            getattr(arriving, scope),
        )
        for scope in ("repository", "namespace", "registry")
        if getattr(limits, scope).bytes is not None
    ]
    return min(found, key=lambda excess: excess.limit - excess.used - excess.arriving)


def _left(limit: int | None, used: int) -> int:
    return BOUNDLESS if limit is None else limit - used
