"""Metadata: the only truth about what exists.

Reading is a question each; changing is a transaction: a function that is handed a `Transaction`
and may be run again when the database asks for it, so it must not touch anything else. When
`Metadata.change` returns, what the function did is durable.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import Caller
from entrepot.ports.blobs import Location, Placed
from entrepot.ports.events import Event
from entrepot.ports.removal import Removal
from entrepot.ports.usage import QuotaCounters, UsedAround

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it is served.

    Attributes:
        digest: of the payload.
        media_type: as it was pushed.
        payload: its bytes.
        warning: why a mirror could not tell whether it is the newest; empty for most.
    """

    digest: Digest
    media_type: str
    payload: bytes
    warning: str = ""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it is served; size in bytes.

    One in quarantine (ports/quarantine.py) is known, but has no bytes that could be served.
    """

    digest: Digest
    size: int
    location: Location
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that says something about another one, as a descriptor; size in bytes.

    The annotations are the text of a JSON object, so that nobody reads what is only passed on;
    empty where there are none.
    """

    digest: Digest
    media_type: str
    size: int
    artifact_type: str | None
    annotations: str


@dataclass(frozen=True, slots=True)
class NewManifest:
    """A manifest to be kept; pushed_at in microseconds since 1970, UTC."""

    digest: Digest
    payload: bytes
    manifest: Manifest
    pushed_at: int


class ManifestReader(Protocol):
    """Finds manifests in a repository."""

    async def manifest_by_tag(self, name: RepositoryName, tag: Tag) -> StoredManifest | None:
        """Find what a tag points to."""
        ...

    async def manifest_by_digest(
        self, name: RepositoryName, digest: Digest
    ) -> StoredManifest | None:
        """Find a manifest."""
        ...

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[Referrer]:
        """List manifests with this subject, by digest, those of one artifact type if given.

        Fewer than the limit where they are large: only an empty list says that there are no more.
        """
        ...

    async def listed_referrers(
        self, name: RepositoryName, index: Tag, after: str, limit: int
    ) -> tuple[list[Referrer], str | None]:
        """List, by digest, children of a tagged manifest that the repository has.

        Those with a subject of their own are left out: they say themselves what they are about.

        Args:
            name: of the repository.
            index: the tag.
            after: only digests behind this one.
            limit: how many children are looked at.

        Returns:
            Manifests, and the digest behind which to go on; None when there are no more.
        """
        ...


class BlobFinder(Protocol):
    """Finds blobs through the repositories that have them."""

    async def blob(self, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Find a blob that the repository has."""
        ...

    async def named_size(self, name: RepositoryName, digest: Digest) -> int | None:
        """Tell the size in bytes that a manifest of the repository gives something it refers to.

        Subjects are not meant. None where no manifest refers to it.
        """
        ...

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        ...

    async def repositories_with_blob(
        self, digest: Digest, after: int, limit: int
    ) -> list[tuple[int, RepositoryName]]:
        """List repositories that have a blob, with the number behind which the next page begins.

        Args:
            digest: of the blob.
            after: 0 for the first page, then the number that came with the last repository.
            limit: repositories at most.
        """
        ...


class Confirmer(Protocol):
    """Finds things for those who rely upon them: they live for `gc.grace` after that.

    What only waits to be collected, and has waited since before a moment, waits anew; that is
    durable before the answer. The moment is asked for when the thing has been found: a driver may
    have had to wait until then. It is in microseconds since 1970, UTC.
    """

    async def confirm_blob(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredBlob | None:
        """Find a blob that the repository has."""
        ...

    async def confirm_manifest(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredManifest | None:
        """Find a manifest."""
        ...


class Lists(Protocol):
    """Lists, in byte order, in pages that begin behind a name."""

    async def repository_exists(self, name: RepositoryName) -> bool:
        """Tell whether anything was ever pushed there and not removed since."""
        ...

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[str]:
        """List a repository's tags."""
        ...

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """List repositories that have a manifest."""
        ...


class MetadataReader(ManifestReader, BlobFinder, Lists, QuotaCounters, Protocol):
    """Everything that can be asked. All of it raises MetadataOutage when the database fails."""


class Transaction(Removal, Protocol):
    """What can be changed, seen as one step by everybody else.

    A repository's number comes from `repository` and is good within one transaction.
    """

    async def repository(self, name: RepositoryName, now: int) -> int:
        """Find a repository's number; makes the repository where there is none."""
        ...

    async def find_repository(self, name: RepositoryName) -> int | None:
        """Find a repository's number."""
        ...

    async def keep_blob(self, blob: StoredBlob, now: int) -> StoredBlob:
        """Make a blob known; gives the one that was known before, where there was one.

        One that was in quarantine is replaced, and served again.
        """
        ...

    async def keep_content(self, placed: Placed, now: int) -> None:
        """Keep the bytes of a blob that was just made known, until they are durable in its place.

        Args:
            placed: has them.
            now: microseconds since 1970, UTC.
        """
        ...

    async def link_blob(self, repository: int, digest: Digest, now: int) -> bool:
        """Let a repository have a known blob; False when the blob is not known."""
        ...

    async def unlink_blob(self, repository: int, digest: Digest) -> bool:
        """Take a blob from a repository; False when it had none."""
        ...

    async def blob_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these blobs that the repository has.

        Those in quarantine are left out: they must be pushed again.
        """
        ...

    async def manifest_sizes(self, repository: int, digests: Iterable[Digest]) -> dict[str, int]:
        """Tell the size in bytes of those of these manifests that the repository has."""
        ...

    async def blob_users(self, repository: int, digest: Digest, limit: int) -> list[Digest]:
        """List manifests of the repository that refer to a blob."""
        ...

    async def keep_manifest(self, repository: int, manifest: NewManifest) -> int:
        """Keep a manifest and its edges, or find the one that is kept; gives its number."""
        ...

    async def delete_manifest(
        self, repository: int, digest: Digest, caller: Caller, now: int
    ) -> list[str] | None:
        """Remove a manifest and the tags that point to it; gives those, None when unknown.

        For a while it can be brought back: `TagHistory.removed` finds it.
        """
        ...

    async def restore_manifest(self, repository: int, manifest: NewManifest) -> int:
        """Keep a manifest that was removed, with the time of its last pull; gives its number."""
        ...

    async def queue_unheld(self, manifest: int) -> None:
        """Let a manifest go after the grace, should nothing hold it by then."""
        ...

    async def move_tag(
        self, repository: int, tag: Tag, manifest: int, caller: Caller, now: int
    ) -> Digest | None:
        """Point a tag at a manifest and write that into the tag's history.

        Returns:
            Where it pointed before; None where there was no such tag.
        """
        ...

    async def delete_tag(
        self, repository: int, tag: Tag, caller: Caller, now: int
    ) -> Digest | None:
        """Remove a tag and write that into its history.

        Returns:
            Where it pointed; None where there was no such tag.
        """
        ...

    async def record(self, event: Event) -> None:
        """Write down what has happened, as a part of the change (ports/events.py)."""
        ...

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used around a repository, with what this transaction has done so far."""
        ...


Change = Callable[[Transaction], Awaitable[Result]]


class Metadata(MetadataReader, Confirmer, Protocol):
    """Reading and changing."""

    async def change(self, change: Change[Result]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable.

        Args:
            change: does the work; may be run more than once, and must touch nothing else.

        Raises:
            MetadataOutage: the database failed or stayed locked.
            StorageFull: the database has no room.
            EntrepotError: what the function raised; nothing of its work is kept.
        """
        ...

    async def check(self) -> None:
        """Return when the database answers and can be written.

        Raises:
            MetadataOutage: it cannot; the message says why.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
