"""What mirrors keep, by the time when it was last pulled: what eviction judges on."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


@dataclass(frozen=True, slots=True)
class CachedManifest:
    """A manifest of a mirrored repository.

    Attributes:
        name: of the repository.
        digest: of the manifest.
        size: bytes of the manifest itself.
        used_at: when it was last pulled or, before that, fetched; microseconds since 1970, UTC.
    """

    name: RepositoryName
    digest: Digest
    size: int
    used_at: int


@dataclass(frozen=True, slots=True)
class CachedTotal:
    """What is kept of an upstream.

    Attributes:
        repositories: that have a manifest.
        tags: of all of them.
        manifests: of all of them.
        blobs: number of them, each once.
        bytes: of blobs, each once, and manifests.
        oldest: when what was not used for longest was last used; None where there is nothing.
        newest: when anything was last used; None where there is nothing.
    """

    repositories: int = 0
    tags: int = 0
    manifests: int = 0
    blobs: int = 0
    bytes: int = 0
    oldest: int | None = None
    newest: int | None = None


class CachedImages(Protocol):
    """Reads what mirrors keep. Everything raises MetadataOutage when the database fails.

    Repositories are named by the first component of their names; empty for all repositories.
    """

    async def total(self, component: str) -> CachedTotal:
        """Add up what is kept; takes as long as reading all of it."""
        ...

    async def cutoff(self, component: str, size: int) -> int | None:
        """Find the time up to which everything must go for the rest to fit into a size.

        A blob counts for as long as the newest of its manifests. Microseconds since 1970, UTC.

        Args:
            component: whose.
            size: bytes that there may be; of blobs alone.

        Returns:
            None where everything fits.
        """
        ...

    async def unused_since(
        self, component: str, until: int, after: tuple[str, str], limit: int
    ) -> list[CachedManifest]:
        """List manifests that were not used later than a moment, by repository and digest.

        Args:
            component: whose.
            until: microseconds since 1970, UTC.
            after: the repository and the digest behind which to begin; two empty texts at first.
            limit: manifests at most.
        """
        ...

    async def least_recent(self, component: str, limit: int) -> list[CachedManifest]:
        """List what was used least recently, first what would go first.

        Args:
            component: whose.
            limit: manifests at most.
        """
        ...
