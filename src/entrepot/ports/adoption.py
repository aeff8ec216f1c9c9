"""Adoption: making known what another registry has left in a directory.

What is found goes into the metadata in large transactions. Rows, findings and the mark of how far
adoption is are always committed together, so that a killed adoption goes on where it was, and
ends with the very rows of one that was not disturbed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import NewManifest, StoredBlob
from entrepot.ports.quarantine import Reason


class FindingKind(StrEnum):
    """What can be wrong with, or worth knowing of, a directory."""

    EMPTY_LINK = "empty-link"
    MALFORMED_LINK = "malformed-link"
    UNREADABLE_NAME = "unreadable-name"
    DAMAGED_BLOB = "damaged-blob"
    MISSING_PAYLOAD = "missing-payload"
    DAMAGED_MANIFEST = "damaged-manifest"
    SCHEMA_1 = "schema-1"
    REFUSED_MANIFEST = "refused-manifest"
    DANGLING_TAG = "dangling-tag"
    MISSING_BLOB = "missing-blob"
    UNLINKED_BLOB = "unlinked-blob"
    WRONG_SIZE = "wrong-size"
    MISSING_CHILD = "missing-child"
    DANGLING_LAYER = "dangling-layer"
    UNKNOWN_MEDIA_TYPE = "unknown-media-type"
    ODD_MANIFEST = "odd-manifest"
    UNFINISHED_UPLOAD = "unfinished-upload"
    LOST_BLOB = "lost-blob"
    GONE_REPOSITORY = "gone-repository"
    COPIED_REPOSITORY = "copied-repository"
    DELETED_MANIFEST = "deleted-manifest"
    DELETED_TAG = "deleted-tag"

    @property
    def is_problem(self) -> bool:
        """Tell whether something may be lost; the others are notes."""
        return self not in _NOTES


_NOTES = frozenset(
    {
        FindingKind.DANGLING_LAYER,
        FindingKind.UNKNOWN_MEDIA_TYPE,
        FindingKind.ODD_MANIFEST,
        FindingKind.UNFINISHED_UPLOAD,
        FindingKind.GONE_REPOSITORY,
        FindingKind.DELETED_MANIFEST,
        FindingKind.DELETED_TAG,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: what it is.
        repository: where; empty for what belongs to none.
        reference: the digest, tag, upload or path that it is about.
        detail: the rest, for a person.
    """

    kind: FindingKind
    repository: str
    reference: str
    detail: str


@dataclass(frozen=True, slots=True)
class LinkedBlob:
    """A blob of a repository; times in microseconds since 1970, UTC."""

    blob: StoredBlob
    created_at: int
    linked_at: int


@dataclass(frozen=True, slots=True)
class AdoptedTag:
    """A tag; updated_at in microseconds since 1970, UTC."""

    tag: Tag
    digest: Digest
    updated_at: int


@dataclass(frozen=True, slots=True)
class AdoptionCounts:
    """What adoption has made known so far; blob_bytes counts each blob once."""

    repositories: int = 0
    manifests: int = 0
    tags: int = 0
    blobs: int = 0
    blob_bytes: int = 0

    def since(self, before: "AdoptionCounts") -> "AdoptionCounts":
        """Give what was made known after an earlier moment.

        Args:
            before: the counts of that moment.
        """
        names = (field.name for field in fields(self))
        return AdoptionCounts(*(getattr(self, name) - getattr(before, name) for name in names))


@dataclass(frozen=True, slots=True)
class AdoptionState:
    """How far adoption is; times in microseconds since 1970, UTC.

    Attributes:
        started_at: when it began first.
        finished_at: when it was done; None while it is under way.
        reached: the last repository that is wholly adopted; empty before the first.
        counts: what it has made known.
    """

    started_at: int
    finished_at: int | None
    reached: str
    counts: AdoptionCounts


@dataclass(frozen=True, slots=True)
class TreeMark:
    """What a repository's folder looked like when it was last read.

    Attributes:
        fingerprint: another one means that something was written or removed there since.
        newest: when the newest of its links was written, in microseconds since 1970 by the clock
            of its file system: what is newer was not there.
    """

    fingerprint: str
    newest: int


class AdoptedTrees(Protocol):
    """Remembers what was read of the other registry's repositories, and takes what has changed.

    All of it raises MetadataOutage or StorageFull.
    """

    async def trees(self) -> dict[str, TreeMark]:
        """Give the mark of every repository that was read."""
        ...

    async def tree_tags(self, name: str) -> set[str]:
        """Give the tags that a repository's folder had when it was read."""
        ...

    async def keep_tree(self, name: str, mark: TreeMark, tags: Iterable[str]) -> None:
        """Remember what a repository's folder looks like."""
        ...

    async def forget_tree(self, name: str) -> None:
        """Forget a repository's folder, which is not there any more."""
        ...

    async def find_repository(self, name: RepositoryName) -> int | None:
        """Find a repository's number; None where there is none."""
        ...

    async def move_tags(self, repository: int, tags: Sequence["AdoptedTag"]) -> None:
        """Point tags at manifests that are there, wherever they pointed before."""
        ...

    async def delete_manifest(self, repository: int, digest: Digest, before: int, now: int) -> bool:
        """Remove a manifest and its tags; False when it is unknown, or pushed after a moment."""
        ...

    async def delete_tag(self, repository: int, tag: str, before: int, now: int) -> bool:
        """Remove a tag; False when it is unknown, or was moved after a moment."""
        ...

    async def blobs(self, after: int, limit: int) -> list[tuple[int, StoredBlob]]:
        """List blobs that are served, by number, in pages that begin behind one."""
        ...

    async def quarantine(self, blob: StoredBlob, reason: Reason, now: int) -> None:
        """Stop serving a blob until it is pushed again."""
        ...

    async def quarantined(self, digests: Iterable[Digest]) -> list[tuple[StoredBlob, int]]:
        """Give those of these blobs that are in quarantine, and since when."""
        ...

    async def release(self, blob: StoredBlob, since: int) -> None:
        """Serve a blob again that is in quarantine since that moment."""
        ...


class AdoptionLog(Protocol):
    """Remembers how far adoption is, and what it found."""

    async def state(self) -> AdoptionState | None:
        """Tell how far adoption is; None when it never began."""
        ...

    async def has_content(self) -> bool:
        """Tell whether the database knows any repository or blob."""
        ...

    async def begin(self, now: int, *, again: bool) -> AdoptionState:
        """Become the only one who adopts, and go on from the state that this gives.

        That it began is committed with the first rows.

        Args:
            now: microseconds since 1970, UTC.
            again: forget an adoption that is done, with its findings, and begin a new one.

        Raises:
            MetadataOutage: somebody else adopts at this moment.
        """
        ...

    async def note(self, findings: Iterable[Finding]) -> None:
        """Remember findings, each once."""
        ...

    async def reached(self, name: RepositoryName) -> None:
        """Remember that a repository is wholly adopted."""
        ...

    async def checkpoint(self) -> None:
        """Commit what was done, durably, when it has become much; called between batches."""
        ...

    async def finish(self, now: int) -> AdoptionState:
        """Commit everything, and that adoption is done."""
        ...

    async def counts(self) -> AdoptionCounts:
        """Tell what was made known so far."""
        ...

    async def count_findings(self, kind: FindingKind) -> int:
        """Tell how many findings of a kind there are."""
        ...

    async def findings(self, kind: FindingKind, after: Finding | None, limit: int) -> list[Finding]:
        """List findings of a kind, in order, in pages that begin behind a finding."""
        ...


class AdoptionStore(AdoptionLog, AdoptedTrees, Protocol):
    """Takes what adoption makes known. All of it raises MetadataOutage or StorageFull."""

    async def repository(self, name: RepositoryName, created_at: int) -> int:
        """Find a repository's number; makes the repository where there is none."""
        ...

    async def keep_blobs(self, repository: int, blobs: Sequence[LinkedBlob]) -> None:
        """Make blobs known, and let a repository have them."""
        ...

    async def find_blob(self, digest: Digest) -> StoredBlob | None:
        """Find a blob that is known."""
        ...

    async def drop_blob(self, digest: Digest) -> None:
        """Take a blob from every repository, and forget it."""
        ...

    async def blob_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these blobs that the repository has."""
        ...

    async def manifest_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these manifests that the repository has."""
        ...

    async def keep_manifests(self, repository: int, manifests: Sequence[NewManifest]) -> None:
        """Keep manifests that the repository does not have, and their edges."""
        ...

    async def keep_tags(self, repository: int, tags: Sequence[AdoptedTag]) -> None:
        """Keep tags of manifests that are there; a tag that is known already stays as it is."""
        ...

    async def missing_children(self, repository: int) -> list[tuple[Digest, Digest]]:
        """List indexes with a child that the repository has neither as manifest nor as blob."""
        ...

    def close(self) -> None:
        """Let go of the database; what was not committed is gone."""
        ...
