"""Quotas: how much may lie in a repository, in a namespace and in the registry.

A change is held against them in its own transaction, after its work and before its commit, so
what is counted is never over. While bytes arrive, which nobody counts yet, an upload reserves room
for them (receiving.py), so that many at once do not each take what is left.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeVar

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.metadata import Change

Result = TypeVar("Result")
Body = AsyncIterator[bytes]


class Quotas(Protocol):
    """Refuses what would be too much. Everything raises QuotaExceeded."""

    async def opening(self, name: RepositoryName) -> None:
        """Return when there is room for anything at all: an upload is to begin."""
        ...

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

        Args:
            name: the repository that they are for.
            upload_id: the upload that they belong to.
            received: bytes that it had before.
            content: the bytes.
            declared: how many they are to be, where the client says so.
            digest: of the whole upload, where that is known: one that the repository has already
                costs nothing.

        Returns:
            The same bytes, for as long as there is room.
        """
        ...

    def guarded(self, name: RepositoryName, change: Change[Result]) -> Change[Result]:
        """Give a change that fails when it would leave too much in a repository."""
        ...


class NoQuotas:
    """Implements `Quotas` where there is none, at no cost."""

    async def opening(self, name: RepositoryName) -> None:
        """Return."""

    def receiving(
        self,
        name: RepositoryName,
        upload_id: str,
        received: int,
        content: Body,
        declared: int | None,
        digest: Digest | None = None,
    ) -> AbstractAsyncContextManager[Body]:
        """Give the bytes as they are."""
        return nullcontext(content)

    def guarded(self, name: RepositoryName, change: Change[Result]) -> Change[Result]:
        """Give the change as it is."""
        return change
