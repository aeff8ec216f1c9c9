"""Takes images from elsewhere by the same way as pushes: with their checks, rules and quotas.

What an image needs goes first: blobs, then the manifests that an index lists, then the manifest
itself. Doing it again takes only what is missing, so an import that was killed is begun again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from entrepot.errors import ClientError, InvalidDigest, InvalidManifest, InvalidName
from entrepot.oci.descriptor import Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Edge, Role
from entrepot.oci.media_type import IMAGES, INDEXES
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.stored_manifest import parse_stored_manifest
from entrepot.ports.access import IMPORTER
from entrepot.ports.transfer import ImportSource, Root, SourceBlob, Unusable
from entrepot.services.mount import Mount
from entrepot.services.push import Push
from entrepot.services.upload import Chunk, Upload

_READ_BYTES = 1024 * 1024
_DEEPEST = 16


@dataclass(slots=True)
class ImportReport:
    """What an import has come to.

    Attributes:
        repositories: names of those that got something.
        tags: tags that were set.
        manifests: manifests that were taken, each once a repository.
        blobs: blobs that were read from the source.
        size: bytes of these.
        failures: names, and why what they stand for could not be taken.
        oddities: repositories and digests of manifests that were taken as they are, though no
            client could push them, and why.
    """

    repositories: set[str] = field(default_factory=set)
    tags: int = 0
    manifests: int = 0
    blobs: int = 0
    size: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    oddities: list[tuple[str, str]] = field(default_factory=list)


Progress = Callable[[str, ImportReport], None]


def ignore_progress(name: str, report: ImportReport) -> None:
    """Show nothing."""


class Import:
    """Takes what a source has.

    Args:
        source: where it comes from.
        upload: takes blobs.
        mount: finds those that are here already.
        push: takes manifests.
        manifest_limit: bytes of a manifest that is taken.
        repository: where everything goes; None leaves that to the source.
    """

    def __init__(
        self,
        source: ImportSource,
        upload: Upload,
        mount: Mount,
        push: Push,
        manifest_limit: int,
        repository: RepositoryName | None = None,
    ) -> None:
        self._source = source
        self._upload = upload
        self._mount = mount
        self._push = push
        self._limit = manifest_limit
        self._repository = repository
        self._taken: set[tuple[str, str]] = set()
        # Of the image that is being taken, as the source calls it.
        self._said_repository: str | None = None
        self.report = ImportReport()

    async def run(self, progress: Progress = ignore_progress) -> ImportReport:
        """Take everything; what cannot be taken is told, and the rest goes on.

        Raises:
            StorageOutage: the source or the storage failed.
            StorageFull: there is no room.
            MetadataOutage: the database failed.
        """
        roots = self._source.roots()
        while (root := await asyncio.to_thread(next, roots, None)) is not None:
            if isinstance(root, Unusable):
                self.report.failures.append((root.reference, root.detail))
                continue
            name = _said(root)
            try:
                await self._root(root)
            except ClientError as error:
                self.report.failures.append((name, error.message))
            progress(name, self.report)
        return self.report

    async def _root(self, root: Root) -> None:
        self._said_repository = root.repository
        if self._repository is not None:
            name = self._repository
        elif root.repository is None:
            raise InvalidName("the source does not say where it belongs; --repository NAME does")
        else:
            name = RepositoryName.parse(root.repository)
        tags = () if root.tag is None else (Tag.parse(root.tag),)
        if tags or (name, root.digest) not in self._taken:
            await self._manifest(name, root.digest, root.media_type, tags)
        self.report.tags += len(tags)

    async def _manifest(
        self,
        name: RepositoryName,
        digest: Digest,
        media_type: str,
        tags: tuple[Tag, ...] = (),
        depth: int = 0,
    ) -> None:
        payload = await asyncio.to_thread(self._source.payload, digest, self._limit)
        if payload is None:
            raise InvalidManifest(
                f"manifest {digest} is not there, or has more than {self._limit} bytes"
            )
        if Digest.of(payload, digest.algorithm) != digest:
            raise InvalidDigest(f"the bytes of manifest {digest} have another digest")
        if depth > _DEEPEST:
            raise InvalidManifest(f"indexes are nested more than {_DEEPEST} levels deep")
        if (name, digest) not in self._taken:
            for edge in parse_stored_manifest(payload, media_type).edges:
                await self._need(name, edge, depth)
        pushed = await self._push.manifest(
            IMPORTER, name, digest, payload, media_type, tags, served_before=True
        )
        if (name, digest) not in self._taken:
            self.report.oddities += [(f"{name}@{digest}", why) for why in pushed.oddities]
            self._taken.add((name, digest))
            self.report.manifests += 1
            self.report.repositories.add(name)

    async def _need(self, name: RepositoryName, edge: Edge, depth: int) -> None:
        """Bring what a manifest refers to; whether it may be absent is for the push to say."""
        wanted = edge.descriptor
        if edge.role is Role.SUBJECT or (name, wanted.digest) in self._taken:
            return
        if edge.role is Role.MANIFEST and await self._is_manifest(wanted):
            await self._manifest(name, wanted.digest, wanted.media_type, depth=depth + 1)
        elif edge.role is not Role.MANIFEST or wanted.media_type not in IMAGES | INDEXES:
            await self._blob(name, wanted)

    async def _is_manifest(self, wanted: Descriptor) -> bool:
        """Tell whether an index's child is a manifest that is there; BuildKit's caches are not."""
        if wanted.media_type not in IMAGES and wanted.media_type not in INDEXES:
            lists = self._source.lists
            return await asyncio.to_thread(lists, self._said_repository, wanted.digest)
        payload = await asyncio.to_thread(self._source.payload, wanted.digest, self._limit)
        return payload is not None

    async def _blob(self, name: RepositoryName, wanted: Descriptor) -> None:
        digest = wanted.digest
        if await self._mount.mount(IMPORTER, name, digest, None):
            return
        blob = await asyncio.to_thread(self._source.open, digest)
        if blob is None:
            return
        try:
            chunk = Chunk(_pieces(blob), length=blob.size)
            await self._upload.whole(IMPORTER, name, digest, chunk)
        finally:
            await asyncio.to_thread(blob.close)
        self.report.blobs += 1
        self.report.size += blob.size


async def _pieces(blob: SourceBlob) -> AsyncIterator[bytes]:
    while content := await asyncio.to_thread(blob.read, _READ_BYTES):
        yield content


def _said(root: Root) -> str:
    tail = f":{root.tag}" if root.tag is not None else f"@{root.digest}"
    return f"{root.repository or ''}{tail}"
