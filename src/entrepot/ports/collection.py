"""What the collector asks of the metadata (docs/decisions/0015-collecting-while-serving.md).

Candidates are written down by the changes that make them, without a time. Their grace begins when
the collector dates them. Each later step takes some whose grace is over, looks in the same
transaction whether something needs them after all, and removes those that nothing needs. So two
collectors never take the same one, and a push is either before such a transaction or behind it.

Times are microseconds since 1970, UTC. Everything raises MetadataOutage when the database fails.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.adoption import TreeMark
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Result, StoredBlob, Transaction


class CollectedKind(StrEnum):
    """What was removed."""

    TAG = "tag"
    MANIFEST = "manifest"
    LINK = "link"
    BLOB = "blob"
    BYTES = "bytes"


class Why(StrEnum):
    """Why it was removed."""

    UNTAGGED = "no tag, index or subject refers to it"
    ORPHANED = "its subject was deleted"
    UNNEEDED = "no manifest of the repository refers to it"
    UNLINKED = "no repository refers to it"
    STRAY = "it belongs to no blob"


@dataclass(frozen=True, slots=True)
class Collected:
    """Something that was removed.

    Attributes:
        kind: what it was.
        repository: where; empty for what belongs to none.
        name: a digest, a tag, or a location.
        size: bytes of the manifest or blob; room is only freed by removed bytes.
        why: the reason.
    """

    kind: CollectedKind
    repository: str
    name: str
    size: int
    why: Why


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did.

    Attributes:
        looked: how many candidates it has dealt with; 0 when there was none.
        removed: what it has removed.
    """

    looked: int
    removed: tuple[Collected, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingDeletion:
    """Bytes whose blob is gone.

    Attributes:
        number: of this order to remove them.
        location: where they lie.
        digest: of the blob that they were.
        size: bytes.
    """

    number: int
    location: Location
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """How much there is to do; each number at most 10,000.

    Attributes:
        manifests: manifests that may be garbage.
        links: blobs of a repository that may be garbage.
        blobs: blobs that no repository has.
        doomed: orders to remove bytes.
        oldest: since when the longest has waited; None when nothing waits.
    """

    manifests: int
    links: int
    blobs: int
    doomed: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class SweptPage:
    """A page of the full sweep.

    Attributes:
        reached: where the next page begins; None when this was the last.
        looked: rows that were read.
        queued: those of them that had been forgotten, and are in the queue now.
    """

    reached: tuple[int, int] | None
    looked: int
    queued: int


@dataclass(frozen=True, slots=True)
class Ties:
    """A manifest that may be garbage, and what ties it to others.

    Attributes:
        manifest: its number.
        repository: number of its repository.
        name: of its repository.
        digest: its own.
        size: bytes.
        tags: that point to it.
        orphaned_tags: those of them that make it an accessory of a manifest that is not there.
        is_indexed: whether an index of the repository lists it.
        has_subject: whether the manifest that it speaks of is there.
    """

    manifest: int
    repository: int
    name: RepositoryName
    digest: Digest
    size: int
    tags: tuple[Tag, ...]
    orphaned_tags: tuple[Tag, ...]
    is_indexed: bool
    has_subject: bool


DatedLink = tuple[int, int, int]
"""Numbers of a repository and of a blob, and since when that waits to be collected there."""


class CollectionTransaction(Transaction, Protocol):
    """What a transaction offers the collector beside what it offers everybody."""

    async def undated_manifests(self, limit: int) -> list[tuple[int, bool]]:
        """List candidates whose grace has not begun, and whether each lost what it speaks of."""
        ...

    async def due_manifests(self, before: int, *, orphaned: bool, limit: int) -> list[int]:
        """List candidates whose grace began before a moment or then."""
        ...

    async def ties(self, manifest: int) -> Ties | None:
        """Find what ties a manifest to others; None when it is gone."""
        ...

    async def date_manifest(self, manifest: int, now: int, later: int) -> None:
        """Let a candidate's grace begin, and that of its blobs a little later."""
        ...

    async def drop_manifest_candidate(self, manifest: int) -> None:
        """Remove a manifest from the candidates."""
        ...

    async def date_links(self, now: int, limit: int) -> int:
        """Let the grace of some blobs of repositories begin; tell of how many."""
        ...

    async def dated_links(self, manifest: int) -> list[DatedLink]:
        """List what a manifest needs and that waits to be collected already."""
        ...

    async def keep_dates(self, links: list[DatedLink]) -> None:
        """Give blobs, where they wait undated, the dates that they had."""
        ...

    async def listed_manifests(self, manifest: int) -> list[int]:
        """List what a list of referrers names and the repository has, without its own subject."""
        ...

    async def orphan_manifests(self, manifests: list[int]) -> None:
        """Let candidates go as those do whose subject was deleted."""
        ...


class CollectionQueue(Protocol):
    """Everything that waits to be looked at."""

    async def change(self, change: Callable[[CollectionTransaction], Awaitable[Result]]) -> Result:
        """Run a function in a transaction, as `Metadata.change` does."""
        ...

    async def has_undated(self) -> bool:
        """Tell whether the grace of anything has not begun."""
        ...

    async def has_due_manifests(self, before: int, *, orphaned: bool) -> bool:
        """Tell whether `due_manifests` would list any."""
        ...

    async def has_due_links(self, before: int) -> bool:
        """Tell whether `collect_links` would look at anything."""
        ...

    async def collect_links(
        self, before: int, limit: int, busy: frozenset[str] = frozenset()
    ) -> Batch:
        """Take blobs from repositories where no manifest needs them.

        Args:
            before: those whose grace began before it or then.
            limit: candidates at most.
            busy: names of repositories where they wait anew instead.
        """
        ...

    async def collect_blobs(self, limit: int) -> Batch:
        """Forget blobs that no repository has, and order their bytes to be removed."""
        ...

    async def forget_removed(self, before: int, limit: int) -> Batch:
        """Forget manifests that were removed: they cannot be brought back any more.

        Args:
            before: those that were removed before it or then.
            limit: manifests at most.
        """
        ...

    async def claim_bytes(
        self, holder: str, now: int, until: int, limit: int
    ) -> list[PendingDeletion]:
        """Take orders to remove bytes, which nobody else takes until then."""
        ...

    async def finish_bytes(self, holder: str, numbers: list[int]) -> None:
        """Strike orders off that were carried out."""
        ...

    async def release_all_bytes(self, holders: str) -> int:
        """Let go of the orders of holders that are known to have ended; tell how many.

        Args:
            holders: what the names of these holders begin with.
        """
        ...

    async def release_bytes(self, holder: str, number: int, until: int) -> None:
        """Give an order back that could not be carried out, to be taken after a moment."""
        ...

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        ...

    async def state(self) -> QueueState:
        """Tell how much there is to do."""
        ...


class CollectionSweep(Protocol):
    """Finds what no queue tells of, should there ever be any: a net, which removes nothing."""

    async def sweep_links(self, after: tuple[int, int], limit: int, since: int) -> SweptPage:
        """Queue what no manifest needs, of the page of links behind one.

        Args:
            after: the last link of the page before; (0, 0) for the first.
            limit: links at most.
            since: only what was linked then or later is queued.
        """
        ...

    async def sweep_blobs(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what no repository has, of the page of blobs behind a number."""
        ...

    async def sweep_manifests(self, after: tuple[int, int], limit: int) -> SweptPage:
        """Queue what has no tag and is in no index, of the page of manifests behind a number."""
        ...

    async def served_blobs(self, after: int, limit: int) -> list[tuple[int, StoredBlob]]:
        """Give a page of blobs that are not in quarantine, with their numbers, behind a number."""
        ...

    async def tree_read_at(self) -> int | None:
        """Tell when Docker Registry's directory was read last, which is not before its adoption."""
        ...

    async def trees(self) -> dict[str, TreeMark]:
        """Give what each repository of the directory looked like then."""
        ...

    async def adopted_at(self) -> int | None:
        """Tell when the directory was adopted: what is older is another program's."""
        ...
