"""Leaving: what the registry has, as of one moment, and the form in which it is taken elsewhere.

The target waits for the disk: call it outside the event loop.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
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

    Doing something again does nothing: an export that was killed is gone on with.
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
