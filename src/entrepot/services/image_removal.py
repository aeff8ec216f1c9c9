"""Removing images that somebody, or a rule, has chosen from a list.

Between choosing and removing things go on: a tag that was pushed meanwhile is not the one that was
chosen, and stays. Tag and time are compared in the transaction that removes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from entrepot.errors import ImmutableTag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Access, Action, Caller
from entrepot.ports.clock import Clock
from entrepot.ports.metadata import Metadata, Transaction
from entrepot.services.changes import Changes
from entrepot.services.images import remove_unheld
from entrepot.services.immutable import ImmutableTags


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was chosen.

    Attributes:
        name: of the repository.
        tag: to be removed; None for a manifest with all its tags.
        digest: where the tag pointed when it was chosen, or the manifest.
        pushed_at: when the tag had been pushed last; microseconds since 1970, UTC.
        untag_only: leave the manifest, though nothing may hold it any more.
        unless_pulled: a tag whose manifest was pulled since it was chosen stays.
        pulled_at: when it had been pulled last; None for never.
    """

    name: RepositoryName
    tag: Tag | None
    digest: Digest
    pushed_at: int = 0
    untag_only: bool = False
    unless_pulled: bool = False
    pulled_at: int | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}" if self.tag else f"{self.name}@{self.digest}"


class Outcome(StrEnum):
    """What became of a candidate."""

    REMOVED = "removed"
    CHANGED = "pushed meanwhile"
    PULLED = "pulled meanwhile"
    GONE = "gone already"
    IMMUTABLE = "immutable"


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of a candidate, and the manifests that went with it."""

    candidate: Candidate
    outcome: Outcome
    manifests: tuple[Digest, ...] = ()


class ImageRemoval:
    """Removes what was chosen.

    Args:
        metadata: what exists.
        access: who may delete.
        clock: tells the time.
        immutable: tags that stay.
    """

    def __init__(
        self, metadata: Metadata, access: Access, clock: Clock, immutable: ImmutableTags
    ) -> None:
        self._metadata = metadata
        self._access = access
        self._clock = clock
        self._immutable = immutable

    async def remove(self, caller: Caller, candidates: Sequence[Candidate]) -> list[Removed]:
        """Remove some candidates in one transaction.

        Args:
            caller: who removes; stands in the history of the tags.
            candidates: few, for others wait while they are removed.

        Raises:
            Denied: the caller may not delete in one of the repositories; nothing is removed.
            MetadataOutage: the database failed; nothing is removed.
        """
        for name in dict.fromkeys(candidate.name for candidate in candidates):
            await self._access.require(caller, Action.DELETE, name)
        now = self._clock.now()

        async def change(transaction: Transaction) -> list[Removed]:
            return [await self._remove(transaction, caller, one, now) for one in candidates]

        return await self._metadata.change(change)

    async def _remove(
        self, transaction: Transaction, caller: Caller, chosen: Candidate, now: int
    ) -> Removed:
        repository = await transaction.find_repository(chosen.name)
        if repository is None:
            return Removed(chosen, Outcome.GONE)
        changes = Changes(transaction, caller, now, chosen.name, repository)
        if chosen.tag is None:
            return await self._remove_manifest(changes, chosen)
        state = await transaction.tag(repository, chosen.tag)
        if state is None:
            return Removed(chosen, Outcome.GONE)
        if state.digest != chosen.digest or state.updated_at != chosen.pushed_at:
            return Removed(chosen, Outcome.CHANGED)
        if chosen.unless_pulled and state.pulled_at != chosen.pulled_at:
            return Removed(chosen, Outcome.PULLED)
        if self._immutable.protects(caller, chosen.name, chosen.tag):
            return Removed(chosen, Outcome.IMMUTABLE)
        await changes.delete_tag(chosen.tag)
        gone: list[Digest] = []
        if not chosen.untag_only:
            gone = await remove_unheld(changes, chosen.digest)
        return Removed(chosen, Outcome.REMOVED, tuple(gone))

    async def _remove_manifest(self, changes: Changes, chosen: Candidate) -> Removed:
        transaction, repository = changes.transaction, changes.repository
        tags = await transaction.tags_of(repository, chosen.digest)
        try:
            self._immutable.check_delete(changes.caller, chosen.name, tags)
        except ImmutableTag:
            return Removed(chosen, Outcome.IMMUTABLE)
        children = await transaction.children(repository, chosen.digest)
        if await changes.delete_manifest(chosen.digest) is None:
            return Removed(chosen, Outcome.GONE)
        gone = [chosen.digest]
        for child in children:
            gone += await remove_unheld(changes, child)
        return Removed(chosen, Outcome.REMOVED, tuple(gone))
