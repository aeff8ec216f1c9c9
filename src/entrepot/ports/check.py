"""The metadata as somebody sees it who doubts it, and the hands that mend it.

What is read is only a hint: the registry goes on meanwhile. What is mended is looked at once more
in the transaction that mends it. Everything raises MetadataOutage when the database fails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import StoredBlob


class RowKind(StrEnum):
    """Rows that lead nowhere when what they refer to is lost."""

    TAG = "tag"
    LINK = "link"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class DanglingRow:
    """A row that refers to a row that is not there.

    Attributes:
        kind: what it is.
        key: its primary key.
        repository: in which repository; empty where that is what is lost.
        detail: what it refers to, for a person.
    """

    kind: RowKind
    key: tuple[int | str, ...]
    repository: str
    detail: str


@dataclass(frozen=True, slots=True, order=True)
class EdgeRow:
    """An edge as its row has it; size in bytes."""

    role: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class InspectedManifest:
    """A manifest and the rows of its edges, as they were at one moment."""

    number: int
    repository: int
    name: RepositoryName
    digest: Digest
    media_type: str
    payload: bytes
    edges: frozenset[EdgeRow]


@dataclass(frozen=True, slots=True)
class BlobState:
    """What the database knows of a digest as a blob, seen from one repository."""

    known: bool
    linked: bool
    quarantined: bool


@dataclass(frozen=True, slots=True)
class KnownBlob:
    """A blob's row; in quarantine since a moment in microseconds since 1970, or not at all."""

    number: int
    blob: StoredBlob
    quarantined_at: int | None


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A repository that the catalogue lists and should not, or the other way round."""

    number: int
    name: str
    has_manifests: bool


class MetadataInspector(Protocol):
    """Reads rows, in pages that begin behind a number."""

    async def damage(self) -> list[str]:
        """Let the database check its own file; gives what it finds, at most 100 things."""
        ...

    async def dangling(
        self, kind: RowKind, after: DanglingRow | None, limit: int
    ) -> list[DanglingRow]:
        """List rows of a kind that refer to what is not there."""
        ...

    async def manifests(self, after: int, limit: int) -> list[InspectedManifest]:
        """List manifests; fewer than the limit where they are large, none only at the end."""
        ...

    async def all_manifests(self, after: tuple[int, str], limit: int) -> list[tuple[int, str]]:
        """List the numbers of repositories and the digests of their manifests, without payloads.

        Args:
            after: (0, "") for the first page, then the last one of the page before.
            limit: of them at most.
        """
        ...

    async def has_manifest(self, number: int) -> bool:
        """Tell whether a manifest is still there."""
        ...

    async def blob_states(self, repository: int, digests: Iterable[Digest]) -> dict[str, BlobState]:
        """Tell what is known of digests as blobs; gives each of them."""
        ...

    async def manifest_digests(self, repository: int, digests: Iterable[Digest]) -> set[str]:
        """Give those of these digests that the repository has as manifests."""
        ...

    async def blobs(self, after: int, limit: int) -> list[KnownBlob]:
        """List the rows of blobs."""
        ...

    async def known_locations(self, locations: Iterable[Location]) -> set[str]:
        """Give those of these locations at which a blob lies that is known."""
        ...

    async def users(self, digest: Digest, limit: int) -> list[str]:
        """Name images that need a blob, as REPOSITORY:TAG or REPOSITORY@DIGEST."""
        ...

    async def wrong_in_catalogue(self, after: int, limit: int) -> list[CatalogueRow]:
        """List repositories that the catalogue lists and should not, or the other way round."""
        ...


class Mender(Protocol):
    """Mends rows. Each method is one transaction, and durable when it returns."""

    async def drop(self, row: DanglingRow) -> bool:
        """Remove a row that refers to nothing; False when it refers to something by now."""
        ...

    async def mend_edges(
        self, manifest: InspectedManifest, missing: Iterable[EdgeRow], wrong: Iterable[EdgeRow]
    ) -> bool:
        """Write the edges that a manifest lacks, and remove those that it does not have.

        Returns:
            False when the manifest is gone by now.
        """
        ...

    async def link(self, manifest: InspectedManifest, digest: Digest, now: int) -> bool:
        """Let a manifest's repository have a known blob; False when either is gone by now."""
        ...

    async def keep_lost_blob(self, blob: StoredBlob, now: int) -> int:
        """Make a blob known again, and link it into each repository whose manifests need it.

        Returns:
            How many these are; with none, nothing was done.
        """
        ...

    async def mend_catalogue(self, repository: int) -> None:
        """Let the catalogue list a repository if it has manifests, and not if it has none."""
        ...
