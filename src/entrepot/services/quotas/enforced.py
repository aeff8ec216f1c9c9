"""Quotas that are enforced."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TypeVar

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.metadata import Change, MetadataReader, Transaction
from entrepot.ports.uploads import Reservations
from entrepot.ports.usage import HeldAround
from entrepot.services.quotas import Body
from entrepot.services.quotas.limits import NO_LIMITS, LimitsAround, QuotaRules
from entrepot.services.quotas.receiving import Receiving, byte_excess
from entrepot.services.quotas.refusal import Excess, find_growth

Result = TypeVar("Result")


class EnforcedQuotas:
    """Implements `Quotas`.

    Args:
        rules: which limits hold where.
        metadata: what is used.
        reservations: what uploads under way have taken.
        clock: tells the time.
        lease: seconds after which the room of an upload is free whose worker has died.
    """

    def __init__(
        self,
        rules: QuotaRules,
        metadata: MetadataReader,
        reservations: Reservations,
        clock: Clock,
        lease: float = 30.0,
    ) -> None:
        self._rules = rules
        self._metadata = metadata
        self._reservations = reservations
        self._clock = clock
        self._lease = int(lease * MICROSECONDS)

    async def opening(self, name: RepositoryName) -> None:
        """Return when there is room for anything at all: an upload is to begin.

        Raises:
            QuotaExceeded: a quota of bytes is used up, or one of repositories by others.
        """
        limits = self._rules.around(name)
        if limits.none:
            return
        used = await self._metadata.used(name)
        if not used.repository.repositories:
            for scope in ("namespace", "registry"):
                most, count = getattr(limits, scope).repositories, getattr(used, scope).repositories
                if most is not None and count >= most:
                    raise Excess(scope, "repositories", count, most, 1).error(name)
        if not _limits_bytes(limits):
            return
        now = self._clock.now()
        arriving = await self._reservations.reserved(name, now)
        excess = byte_excess(limits, used, arriving, None)
        if excess.used + excess.arriving >= excess.limit:
            raise excess.error(name)

    def receiving(
        self,
        name: RepositoryName,
        upload_id: str,
        received: int,
        content: Body,
        declared: int | None,
        digest: Digest | None = None,
    ) -> AbstractAsyncContextManager[Body]:
        """Watch bytes that arrive.

        Raises:
            QuotaExceeded: there is no room for what is declared, or for what came so far.
        """
        if declared == 0 or not _limits_bytes(self._rules.around(name)):
            return nullcontext(content)
        return self._watched(name, upload_id, received, content, declared, digest)

    @asynccontextmanager
    async def _watched(
        self,
        name: RepositoryName,
        upload_id: str,
        received: int,
        content: Body,
        declared: int | None,
        digest: Digest | None,
    ) -> AsyncIterator[Body]:
        limits = self._rules.around(name)
        if digest is not None:
            limits = _lifted(limits, await self._metadata.held(name, digest))
            if not _limits_bytes(limits):
                yield content
                return
        room = Receiving(
            self._metadata, self._reservations, self._clock, self._lease, limits, name, upload_id
        )
        if declared is not None:
            await room.take_exactly(received + declared)
        try:
            yield _measured(room, received, content)
        finally:
            # Before the blob is counted: for a moment it must not count twice.
            await room.give_back()

    def guarded(self, name: RepositoryName, change: Change[Result]) -> Change[Result]:
        """Give a change that fails when it would leave too much in a repository.

        The change raises QuotaExceeded then, and nothing of its work is kept.
        """
        limits = self._rules.around(name)
        if limits.none:
            return change

        async def checked(transaction: Transaction) -> Result:
            before = await transaction.used(name)
            result = await change(transaction)
            excess = find_growth(limits, before, await transaction.used(name))
            if excess is not None:
                raise excess.error(name)
            return result

        return checked


def _limits_bytes(limits: LimitsAround) -> bool:
    return any(
        limit.bytes is not None for limit in (limits.repository, limits.namespace, limits.registry)
    )


def _lifted(limits: LimitsAround, held: HeldAround) -> LimitsAround:
    """Take away the limits of where a blob is counted already: it costs nothing there."""
    return LimitsAround(
        NO_LIMITS if held.repository else limits.repository,
        NO_LIMITS if held.namespace else limits.namespace,
        NO_LIMITS if held.registry else limits.registry,
    )


async def _measured(room: Receiving, received: int, content: Body) -> AsyncIterator[bytes]:
    async for piece in content:
        received += len(piece)
        await room.need(received)
        yield piece
