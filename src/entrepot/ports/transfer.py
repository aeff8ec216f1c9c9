"""What an export writes, and what an import reads."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import StoredBlob, StoredManifest


@dataclass(frozen=True, slots=True)
class ExportedManifest:
    """A manifest, and whether an index of its repository lists it."""

    manifest: StoredManifest
    is_child: bool


class ExportSource(Protocol):
    """What the registry has. All of it is of one moment, however long the reading takes."""

    def repositories(self) -> AsyncIterator[RepositoryName]:
        """List the repositories that have a manifest, by name."""
        ...

    def blobs(self, name: RepositoryName) -> AsyncIterator[StoredBlob]:
        """List the blobs of a repository."""
        ...

    def manifests(self, name: RepositoryName) -> AsyncIterator[ExportedManifest]:
        """List the manifests of a repository, by digest; few are in memory at once."""
        ...

    def tags(self, name: RepositoryName) -> AsyncIterator[tuple[Tag, Digest]]:
        """List the tags of a repository, by name."""
        ...


class ExportTarget(Protocol):
    """A directory in another program's form. Everything raises StorageOutage when it fails.

    Repeating a step does nothing, so an export that was killed can be resumed.
    """

    def begin(self) -> None:
        """Make the directory ready.

        Raises:
            ConfigurationError: it has something else, or an export in another form.
        """
        ...

    def put_blob(self, blob: StoredBlob) -> bool:
        """Take a blob's bytes; False when they are not there in the size that they should have."""
        ...

    def put_manifest(self, name: RepositoryName, exported: ExportedManifest) -> None:
        """Take a manifest."""
        ...

    def put_repository(
        self, name: RepositoryName, blobs: Sequence[Digest], tags: Mapping[Tag, Digest]
    ) -> None:
        """Say what a repository has, once its blobs and manifests were taken."""
        ...

    def finish(self) -> None:
        """Make the directory whole, durably."""
        ...


@dataclass(frozen=True, slots=True)
class Root:
    """An image that the source names, or an index, or anything else that has a manifest.

    Attributes:
        repository: where it belongs, as the source says; None where the source does not say.
        tag: its tag there; None for one without.
        digest: of its manifest.
        media_type: of its manifest; empty where the source does not say.
    """

    repository: str | None
    tag: str | None
    digest: Digest
    media_type: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something in the source that cannot be taken.

    Attributes:
        reference: what it is: a name, a digest or a path.
        detail: why.
    """

    reference: str
    detail: str


class SourceBlob(Protocol):
    """A blob's bytes, opened."""

    @property
    def size(self) -> int:
        """Bytes that there are."""
        ...

    def read(self, size: int) -> bytes:
        """Give the next bytes; none at the end."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class ImportSource(Protocol):
    """All of it raises StorageOutage when the source cannot be read."""

    def roots(self) -> Iterator[Root | Unusable]:
        """List what is to be imported."""
        ...

    def lists(self, repository: str | None, digest: Digest) -> bool:
        """Tell whether a repository has this manifest by itself, and not only in an index.

        Entries of an index that are of no known type may be manifests or blobs; this tells.
        """
        ...

    def payload(self, digest: Digest, limit: int) -> bytes | None:
        """Read a manifest; None when it is not there, or longer than a limit in bytes."""
        ...

    def open(self, digest: Digest) -> SourceBlob | None:
        """Open a blob; None when it is not there."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...
