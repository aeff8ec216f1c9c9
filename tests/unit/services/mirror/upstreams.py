"""Another registry in memory, which fails as it is told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.errors import UnknownUpstreamContent, UpstreamOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.upstream import RateLimit, RemoteDescriptor, RemoteManifest
from tests.unit.services.mirror.images import EMPTY_INDEX

PIECE = 50_000


@dataclass
class Faults:
    """What goes wrong, and what was asked for.

    Attributes:
        cuts: a connection breaks when so many bytes of a blob were sent, each once, in turn.
        hold_at: bytes of a blob after which it waits for `go`.
        go: lets those go on that wait.
        holding: is set when one waits.
        ranges: whether it serves parts.
        said_size: how long it says that a blob is, in place of the truth.
        tells_size: whether it tells how long a blob is.
        error: is raised for everything.
        delays: manifests wait for `go`.
        asked: how often each thing was asked for, by kind.
        starts: where blobs were begun.
        sent: bytes of blobs.
    """

    cuts: list[int] = field(default_factory=list)
    hold_at: int | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    ranges: bool = True
    said_size: int | None = None
    tells_size: bool = True
    error: Exception | None = None
    delays: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    starts: list[int] = field(default_factory=list)
    sent: int = 0


@dataclass
class SentBlob:
    """Implements `RemoteBlob`."""

    content: bytes
    start: int
    size: int | None
    faults: Faults

    async def pieces(self) -> AsyncIterator[bytes]:
        at, faults = self.start, self.faults
        while at < len(self.content):
            stop = min(at + PIECE, len(self.content))
            cut = next((cut for cut in faults.cuts if at <= cut < stop), None)
            hold = faults.hold_at
            if hold is not None and at <= hold < stop:
                stop = hold
            if cut is not None:
                stop = min(stop, cut)
            if stop > at:
                faults.sent += stop - at
                yield self.content[at:stop]
            if hold is not None and stop == hold:
                faults.holding.set()
                await faults.go.wait()
                faults.hold_at = None
            if cut == stop:
                faults.cuts.remove(cut)
                raise UpstreamOutage(f"the connection broke at {cut}")
            at = stop


class MemoryUpstream:
    """Implements `Upstream`."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.blobs: dict[Digest, bytes] = {}
        self.manifests: dict[Digest, RemoteManifest] = {}
        self.tagged: dict[Tag, Digest] = {}
        self.indexes: dict[Digest, RemoteManifest] = {}

    def add_blob(self, content: bytes, digest: Digest | None = None) -> Digest:
        digest = digest or Digest.of(content)
        self.blobs[digest] = content
        return digest

    def add_manifest(self, manifest: RemoteManifest, tag: str | None = None) -> Digest:
        self.manifests[manifest.digest] = manifest
        if tag is not None:
            self.tagged[Tag(tag)] = manifest.digest
        return manifest.digest

    async def manifest(self, name: RepositoryName, reference: Reference) -> RemoteManifest:
        await self._asked("manifest")
        return self._find(reference)

    async def head_manifest(self, name: RepositoryName, reference: Reference) -> RemoteDescriptor:
        await self._asked("head_manifest")
        found = self._find(reference)
        return RemoteDescriptor(found.digest, len(found.payload), found.media_type)

    @asynccontextmanager
    async def blob(
        self, name: RepositoryName, digest: Digest, start: int = 0
    ) -> AsyncIterator[SentBlob]:
        await self._asked("blob")
        if digest not in self.blobs:
            raise UnknownUpstreamContent(f"there is no blob {digest}")
        self.faults.starts.append(start)
        content = self.blobs[digest]
        size = (self.faults.said_size or len(content)) if self.faults.tells_size else None
        yield SentBlob(content, start if self.faults.ranges else 0, size, self.faults)

    async def head_blob(self, name: RepositoryName, digest: Digest) -> RemoteDescriptor:
        await self._asked("head_blob")
        if digest not in self.blobs:
            raise UnknownUpstreamContent(f"there is no blob {digest}")
        return RemoteDescriptor(digest, len(self.blobs[digest]), "application/octet-stream")

    async def tags(self, name: RepositoryName, after: str, limit: int) -> tuple[list[str], bool]:
        await self._asked("tags")
        found = sorted(tag for tag in self.tagged if tag > after)
        return [str(tag) for tag in found[:limit]], len(found) > limit

    async def repositories(self, after: str, limit: int) -> tuple[list[RepositoryName], bool]:
        await self._asked("repositories")
        return [], False

    async def referrers(
        self, name: RepositoryName, digest: Digest, artifact_type: str = ""
    ) -> RemoteManifest:
        await self._asked("referrers")
        return self.indexes.get(digest, EMPTY_INDEX)

    async def ping(self) -> None:
        await self._asked("ping")

    @property
    def rate_limit(self) -> RateLimit | None:
        return None

    async def _asked(self, what: str) -> None:
        self.faults.asked[what] += 1
        if self.faults.delays:
            await self.faults.go.wait()
        await asyncio.sleep(0)
        if self.faults.error is not None:
            raise self.faults.error

    def _find(self, reference: Reference) -> RemoteManifest:
        digest = reference if isinstance(reference, Digest) else self.tagged.get(reference)
        if digest is None or digest not in self.manifests:
            raise UnknownUpstreamContent(f"there is no manifest {reference}")
        return self.manifests[digest]
