"""Looks whether a repository has what its manifests need. The manifests are kept either way.

A manifest without its blobs is what Docker Registry serves, too: pushing the image once more
makes it whole. A missing link is not made up for: it may have been deleted on purpose, and a
blob is readable only through a repository that was given it.
"""

import asyncio
from collections.abc import Iterable, Sequence

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Edge, Role
from entrepot.oci.media_type import is_non_distributable
from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import AdoptionStore, Finding, FindingKind
from entrepot.ports.foreign import ForeignBlobs
from entrepot.ports.metadata import NewManifest
from entrepot.services.adoption.blobs import damaged

_BLOB_ROLES = frozenset({Role.CONFIG, Role.LAYER})


class Needs:
    """Checks manifests of all repositories.

    Args:
        source: the other registry's blobs.
        store: what was made known.
        damaged: blobs whose bytes are known to be wrong; more are added.
    """

    def __init__(self, source: ForeignBlobs, store: AdoptionStore, damaged: set[Digest]) -> None:
        self._source = source
        self._store = store
        self._damaged = damaged

    async def check(
        self, name: RepositoryName, repository: int, manifests: Sequence[NewManifest]
    ) -> list[Finding]:
        """Tell what these manifests need and do not find, or find otherwise."""
        digests = {edge.descriptor.digest for new in manifests for edge in _blob_edges(new)}
        sizes = await self._store.blob_sizes(repository, digests)
        findings: list[Finding] = []
        for new in manifests:
            for edge in _blob_edges(new):
                finding = await self._check_edge(name, new, edge, sizes)
                if finding is not None:
                    findings.append(finding)
        return findings

    async def _check_edge(
        self, name: RepositoryName, new: NewManifest, edge: Edge, sizes: dict[str, int]
    ) -> Finding | None:
        wanted = edge.descriptor
        size = sizes.get(wanted.digest)
        if size is not None and size != wanted.size and not await self._is_whole(wanted.digest):
            await self._drop(wanted.digest)
            del sizes[wanted.digest]
            size = None
        if size is None:
            if wanted.urls or is_non_distributable(wanted.media_type):
                return None
            return await self._explain_absence(name, new, edge)
        if size != wanted.size:
            detail = (
                f"{edge.role} {wanted.digest} has {size} bytes, the manifest says {wanted.size}"
            )
            return Finding(FindingKind.WRONG_SIZE, name, new.digest, detail)
        return None

    async def _is_whole(self, digest: Digest) -> bool:
        blob = await self._store.find_blob(digest)
        return blob is not None and await asyncio.to_thread(
            self._source.has_digest, blob.location, digest
        )

    async def _drop(self, digest: Digest) -> None:
        # No push heals the blob since it was read: whoever adopts holds the directory alone.
        self._damaged.add(digest)
        await self._store.drop_blob(digest)
        await self._store.note([damaged(digest)])

    async def _explain_absence(self, name: RepositoryName, new: NewManifest, edge: Edge) -> Finding:
        digest = edge.descriptor.digest
        if digest in self._damaged:
            detail = f"{edge.role} {digest} is damaged"
            return Finding(FindingKind.MISSING_BLOB, name, new.digest, detail)
        if await asyncio.to_thread(self._source.blob, digest) is None:
            detail = f"{edge.role} {digest} is missing"
            return Finding(FindingKind.MISSING_BLOB, name, new.digest, detail)
        detail = f"{edge.role} {digest} is there, but not linked into this repository"
        return Finding(FindingKind.UNLINKED_BLOB, name, new.digest, detail)


def _blob_edges(new: NewManifest) -> Iterable[Edge]:
    return (edge for edge in new.manifest.edges if edge.role in _BLOB_ROLES)
