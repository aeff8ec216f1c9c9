"""A metadata database whose calls are timed. Assembly puts it around the driver.

A timed call costs 0.7 µs more than a bare one (docs/decisions/0010-observing-requests.md).
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeVar

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.operations.worker_metrics import WorkerMetrics
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import Change, Metadata, Referrer, StoredBlob, StoredManifest
from entrepot.ports.usage import HeldAround, UsedAround

Result = TypeVar("Result")


class MeteredMetadata:
    """Implements `Metadata` with another one.

    Args:
        metadata: does the work.
        metrics: times it.
    """

    def __init__(self, metadata: Metadata, metrics: WorkerMetrics) -> None:
        self._metadata = metadata
        self._observe = metrics.database

    async def manifest_by_tag(self, name: RepositoryName, tag: Tag) -> StoredManifest | None:
        """Find what a tag points to."""
        # Written out, and not through _timed: this is the hottest path of all.
        began = perf_counter()
        try:
            return await self._metadata.manifest_by_tag(name, tag)
        finally:
            self._observe("manifest_by_tag", perf_counter() - began)

    async def manifest_by_digest(
        self, name: RepositoryName, digest: Digest
    ) -> StoredManifest | None:
        """Find a manifest."""
        began = perf_counter()
        try:
            return await self._metadata.manifest_by_digest(name, digest)
        finally:
            self._observe("manifest_by_digest", perf_counter() - began)

    async def blob(self, name: RepositoryName, digest: Digest) -> StoredBlob | None:
        """Find a blob that the repository has."""
        began = perf_counter()
        try:
            return await self._metadata.blob(name, digest)
        finally:
            self._observe("blob", perf_counter() - began)

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[Referrer]:
        """List manifests with this subject."""
        work = self._metadata.referrers(name, subject, artifact_type, after, limit)
        return await self._timed("referrers", work)

    async def listed_referrers(
        self, name: RepositoryName, index: Tag, after: str, limit: int
    ) -> tuple[list[Referrer], str | None]:
        """List, by digest, children of a tagged manifest that the repository has."""
        work = self._metadata.listed_referrers(name, index, after, limit)
        return await self._timed("listed_referrers", work)

    async def confirm_blob(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredBlob | None:
        """Find a blob, for somebody who relies upon it."""
        work = self._metadata.confirm_blob(name, digest, before)
        return await self._timed("confirm_blob", work)

    async def confirm_manifest(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredManifest | None:
        """Find a manifest, for somebody who relies upon it."""
        work = self._metadata.confirm_manifest(name, digest, before)
        return await self._timed("confirm_manifest", work)

    async def has_location(self, location: Location) -> bool:
        """Tell whether a known blob lies there."""
        return await self._timed("has_location", self._metadata.has_location(location))

    async def repositories_with_blob(
        self, digest: Digest, after: int, limit: int
    ) -> list[tuple[int, RepositoryName]]:
        """List repositories that have a blob."""
        work = self._metadata.repositories_with_blob(digest, after, limit)
        return await self._timed("repositories_with_blob", work)

    async def repository_exists(self, name: RepositoryName) -> bool:
        """Tell whether anything was ever pushed there and not removed since."""
        return await self._timed("repository_exists", self._metadata.repository_exists(name))

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[str]:
        """List a repository's tags."""
        return await self._timed("tags", self._metadata.tags(name, after, limit))

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """List repositories that have a manifest."""
        return await self._timed("repositories", self._metadata.repositories(after, limit))

    async def used(self, name: RepositoryName) -> UsedAround:
        """Tell what is used in a repository, in its namespace and in the registry."""
        return await self._timed("used", self._metadata.used(name))

    async def held(self, name: RepositoryName, digest: Digest) -> HeldAround:
        """Tell where around a repository a blob is counted already."""
        return await self._timed("held", self._metadata.held(name, digest))

    async def change(self, change: Change[Result]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable."""
        return await self._timed("change", self._metadata.change(change))

    async def check(self) -> None:
        """Return when the database answers and can be written."""
        await self._metadata.check()

    def close(self) -> None:
        """Let go of the database."""
        self._metadata.close()

    async def _timed(self, action: str, work: Awaitable[Result]) -> Result:
        began = perf_counter()
        try:
            return await work
        finally:
            self._observe(action, perf_counter() - began)
