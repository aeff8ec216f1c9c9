"""Reading another registry: implements `Upstream` (distribution-spec spec.md, "Pull")."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.drivers.remote import answers
from entrepot.drivers.remote.exchange import Exchange, Question
from entrepot.drivers.remote.listing import Lists
from entrepot.drivers.remote.referrers import fetch_referrers
from entrepot.drivers.remote.reply import Reply
from entrepot.errors import UpstreamDenied, UpstreamFault, UpstreamOutage
from entrepot.oci import media_type as types
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.upstream import RateLimit, RemoteDescriptor, RemoteManifest, UpstreamAddress

MANIFEST_LIMIT = 4 * 1024 * 1024

# What containerd and docker ask for, and what only old registries have. Some registries answer 404
# for what is not named; `*/*` is for types that nobody knows yet.
ACCEPTED_TYPES = ", ".join(
    [
        types.OCI_INDEX,
        types.OCI_MANIFEST,
        types.DOCKER_LIST,
        types.DOCKER_MANIFEST,
        "application/vnd.oci.artifact.manifest.v1+json",
        *(f"{name};q=0.5" for name in sorted(types.DOCKER_SCHEMA_1, reverse=True)),
        "*/*;q=0.1",
    ]
)

# Larger ones are hashed in a thread.
_HASHED_INLINE = 64 * 1024


def pull_scope(name: RepositoryName) -> tuple[str, ...]:
    """What a token has to allow for reading a repository."""
    return (f"repository:{name}:pull",)


class RemoteRegistry:
    """Implements `Upstream` for a registry that is reached over HTTP.

    Args:
        address: where it is, and how it is talked to.
        manifest_limit: bytes of a manifest, and of a list's page, at most.
    """

    def __init__(self, address: UpstreamAddress, manifest_limit: int = MANIFEST_LIMIT) -> None:
        self.exchange = Exchange(address)
        self._limit = manifest_limit
        self._lists = Lists(self.exchange, manifest_limit)
        # Blobs leave connections to manifests, which whole pulls wait for.
        self._blobs = asyncio.Semaphore(max(1, address.connections * 3 // 4))

    async def close(self) -> None:
        """Let go of connections."""
        await self.exchange.close()

    @property
    def rate_limit(self) -> RateLimit | None:
        """What it said last of its limit."""
        return self.exchange.rate_limit

    async def ping(self) -> None:
        """Return when it answers /v2/ and takes our credentials.

        A registry that asks for credentials answers; where we have none, that is all we can know.
        """
        try:
            async with self.exchange.ask(Question("GET", "/v2/", "its API (/v2/)")) as reply:
                await reply.beginning(_HASHED_INLINE)
        except UpstreamDenied:
            if await self.exchange.has_credentials():
                raise

    async def manifest(self, name: RepositoryName, reference: Reference) -> RemoteManifest:
        """Fetch a manifest, and compare it with its digest."""
        async with self.exchange.ask(_manifest_question("GET", name, reference)) as reply:
            payload = await reply.body(self._limit)
            media_type = answers.content_type(reply.headers)
            told = answers.content_digest(reply.headers)
        wanted = reference if isinstance(reference, Digest) else told
        if wanted is None:
            return RemoteManifest(await digest_of(payload), payload, media_type)
        digest = await digest_of(payload, wanted.algorithm)
        # The digest of a signed manifest of schema 1 leaves out its signatures.
        is_signed = types.without_parameters(media_type) in types.DOCKER_SCHEMA_1
        if digest != wanted and not (is_signed and wanted is not reference):
            raise UpstreamFault(
                f"{reply.host} sent other bytes for {_named(name, reference)} than its digest says"
            )
        return RemoteManifest(digest, payload, media_type)

    async def head_manifest(self, name: RepositoryName, reference: Reference) -> RemoteDescriptor:
        """Ask for a manifest without its payload."""
        async with self.exchange.ask(_manifest_question("HEAD", name, reference)) as reply:
            return _descriptor(reply)

    @asynccontextmanager
    async def blob(
        self, name: RepositoryName, digest: Digest, start: int = 0
    ) -> AsyncIterator["IncomingBlob"]:
        """Open a blob; where the registry does not serve the range, from its first byte."""
        async with self._blobs:
            question = _blob_question("GET", name, digest, start)
            async with self.exchange.ask(question) as reply:
                if reply.status != 416:
                    yield _incoming(reply, start)
                    return
            # It takes the range for one beyond the end: whether it is, all of the bytes tell.
            async with self.exchange.ask(_blob_question("GET", name, digest, 0)) as reply:
                yield _incoming(reply, 0)

    async def head_blob(self, name: RepositoryName, digest: Digest) -> RemoteDescriptor:
        """Ask for a blob without its bytes."""
        async with self.exchange.ask(_blob_question("HEAD", name, digest, 0)) as reply:
            return _descriptor(reply)

    async def tags(self, name: RepositoryName, after: str, limit: int) -> tuple[list[str], bool]:
        """List tags behind one, and tell whether there are more."""
        return await self._lists.tags(name, pull_scope(name), after, limit)

    async def repositories(self, after: str, limit: int) -> tuple[list[RepositoryName], bool]:
        """List repositories behind one, and tell whether there are more."""
        return await self._lists.repositories(after, limit)

    async def referrers(
        self, name: RepositoryName, digest: Digest, artifact_type: str = ""
    ) -> RemoteManifest:
        """Fetch the index of what refers to a manifest."""
        return await fetch_referrers(
            self.exchange,
            self.manifest,
            name,
            pull_scope(name),
            digest,
            artifact_type,
            self._limit,
        )


@dataclass(frozen=True, slots=True)
class IncomingBlob:
    """Implements `RemoteBlob`."""

    start: int
    size: int | None
    reply: Reply

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes as they arrive, in pieces of at most 1 MiB."""
        position = self.start
        async for piece in self.reply.pieces():
            position += len(piece)
            if self.size is not None and position > self.size:
                raise UpstreamFault(f"{self.reply.host} sends more bytes than it announced")
            yield piece
        if self.size is not None and position < self.size:
            raise UpstreamOutage(
                f"{self.reply.host} stopped after {position} of {self.size} bytes; try again"
            )


async def digest_of(payload: bytes, algorithm: str = "sha256") -> Digest:
    """Compute a digest; that of many bytes in a thread."""
    if len(payload) <= _HASHED_INLINE:
        return Digest.of(payload, algorithm)
    return await asyncio.to_thread(Digest.of, payload, algorithm)


def _incoming(reply: Reply, start: int) -> IncomingBlob:
    if reply.status == 200:
        return IncomingBlob(0, answers.content_length(reply.headers), reply)
    first, last, size = answers.content_range(reply.headers, reply.host)
    if first != start or (size is not None and last + 1 != size):
        raise UpstreamFault(f"{reply.host} sent another range of bytes than was asked for")
    return IncomingBlob(first, last + 1 if size is None else size, reply)


def _descriptor(reply: Reply) -> RemoteDescriptor:
    return RemoteDescriptor(
        answers.content_digest(reply.headers),
        answers.content_length(reply.headers),
        answers.content_type(reply.headers),
    )


def _manifest_question(method: str, name: RepositoryName, reference: Reference) -> Question:
    return Question(
        method,
        f"/v2/{name}/manifests/{reference}",
        f"the manifest {_named(name, reference)}",
        pull_scope(name),
        {"Accept": ACCEPTED_TYPES},
    )


def _blob_question(method: str, name: RepositoryName, digest: Digest, start: int) -> Question:
    return Question(
        method,
        f"/v2/{name}/blobs/{digest}",
        f"the blob {_named(name, digest)}",
        pull_scope(name),
        {"Range": f"bytes={start}-"} if start else {},
        accepted=frozenset({200, 206, 416}) if start else frozenset({200}),
    )


def _named(name: RepositoryName, reference: Reference) -> str:
    return f"{name}{'@' if isinstance(reference, Digest) else ':'}{reference}"
