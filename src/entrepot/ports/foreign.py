"""Another registry's directory, as adoption reads it. Nothing here ever writes.

Everything waits for the disk: call it outside the event loop. Lists come lazily and in no order,
but for repositories. What cannot be taken as it lies there comes as a `Finding` in its place. All
of it raises StorageOutage, which names the file, when something that is there cannot be read.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.adoption import Finding
from entrepot.ports.blobs import Location


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a layer or a manifest.

    Attributes:
        digest: what the link is filed under, and clients ask for.
        target: the digest under which the bytes lie: the same, but for aliases in sha512.
        modified_at: microseconds since 1970, UTC.
    """

    digest: Digest
    target: Digest
    modified_at: int


@dataclass(frozen=True, slots=True)
class RemovedLink:
    """The place of a link that was removed: deleting leaves it; modified_at is when that was."""

    digest: Digest
    modified_at: int


@dataclass(frozen=True, slots=True)
class TagLink:
    """A tag and what it points to; modified_at in microseconds since 1970, UTC."""

    tag: Tag
    target: Digest
    modified_at: int


@dataclass(frozen=True, slots=True)
class ForeignBlob:
    """A blob's file; size in bytes, modified_at in microseconds since 1970, UTC."""

    location: Location
    size: int
    modified_at: int


class ForeignRepositories(Protocol):
    """What the repositories have."""

    def repositories(self) -> Iterator[RepositoryName | Finding]:
        """List repositories, ordered by their components."""
        ...

    def layers(self, name: RepositoryName) -> Iterator[Link | Finding]:
        """List the blobs that a repository has."""
        ...

    def revisions(self, name: RepositoryName) -> Iterator[Link | RemovedLink | Finding]:
        """List the manifests that a repository has, and had."""
        ...

    def tags(self, name: RepositoryName) -> Iterator[TagLink | Finding]:
        """List a repository's tags."""
        ...

    def uploads(self, name: RepositoryName) -> Iterator[Finding]:
        """List uploads that were never finished."""
        ...

    def has_tags(self, name: RepositoryName) -> bool:
        """Tell whether there is a folder of tags: what is not in it was deleted, or never there."""
        ...

    def fingerprint(self, name: RepositoryName) -> str:
        """Give a text that is another one when something was written or removed there since.

        Looks at manifests and tags, and at the folder of layers; not at each layer.
        """
        ...

    def is_populated(self, name: RepositoryName) -> bool:
        """Tell whether anything was ever finished there."""
        ...


class ForeignBlobs(Protocol):
    """The bytes that the repositories share."""

    manifest_limit: int
    """Bytes of a manifest that is taken."""

    def blob(self, target: Digest) -> ForeignBlob | None:
        """Find a blob's file."""
        ...

    def size(self, location: Location) -> int | None:
        """Tell how many bytes lie at a location; None where nothing does."""
        ...

    def blobs(self) -> Iterator[tuple[Digest, ForeignBlob] | Finding]:
        """List every blob's file."""
        ...

    def payload(self, target: Digest, limit: int) -> bytes | None:
        """Read a small blob; None when it is missing.

        Args:
            target: which blob.
            limit: bytes that are read at most; a longer blob gives one byte more than this.

        Raises:
            DamagedBlob: the disk cannot give its bytes.
        """
        ...

    def has_digest(self, location: Location, digest: Digest) -> bool:
        """Read a whole blob, and tell whether it has a digest."""
        ...


class ForeignRegistry(ForeignRepositories, ForeignBlobs, Protocol):
    """All of it."""

    def named(self, locations: Set[Location]) -> set[Location]:
        """Tell which of these places a link of any repository leads to."""
        ...
