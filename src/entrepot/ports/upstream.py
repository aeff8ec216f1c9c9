"""Another registry, as a mirror or a copy sees it (spec.md, "Pull", "Push")."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class RemoteManifest:
    """A manifest as the other registry gave it; its digest was computed from the payload.

    Attributes:
        digest: of the payload.
        payload: the bytes.
        media_type: the Content-Type that came with it, as it was sent.
    """

    digest: Digest
    payload: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class RemoteDescriptor:
    """What HEAD tells of a manifest or a blob.

    Attributes:
        digest: None where the other registry does not tell it.
        size: bytes; None where it does not tell them.
        media_type: as it was sent.
    """

    digest: Digest | None
    size: int | None
    media_type: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What the other registry says of its limit on pulls (docs.docker.com, "Usage and limits").

    Attributes:
        limit: pulls in a window.
        remaining: pulls that are left.
        window: seconds of the window; 0 where it is not told.
    """

    limit: int
    remaining: int
    window: int


class RemoteBlob(Protocol):
    """A blob that is arriving."""

    @property
    def start(self) -> int:
        """The offset of the first byte that arrives.

        What was asked for, or 0 where the other registry does not serve ranges.
        """
        ...

    @property
    def size(self) -> int | None:
        """Bytes of the whole blob; None where it does not tell them."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Give the bytes as they arrive, in pieces of at most 1 MiB.

        Raises:
            UpstreamOutage: they stopped before their end, or came too slowly.
        """
        ...


class Upstream(Protocol):
    """Reads another registry.

    Everything raises UnknownUpstreamContent (it has no such thing), UpstreamDenied (it refuses our
    credentials, or there are none), UpstreamBusy (429; has `retry_after`), UpstreamOutage (it
    cannot be reached, is too slow, or failed: 5xx), or UpstreamFault (its answer cannot be
    understood). A digest that is asked for and does not fit is an UpstreamFault.
    """

    async def manifest(self, name: RepositoryName, reference: Reference) -> RemoteManifest:
        """Fetch a manifest."""
        ...

    async def head_manifest(self, name: RepositoryName, reference: Reference) -> RemoteDescriptor:
        """Ask for a manifest without its payload, which most registries do not count as a pull."""
        ...

    def blob(
        self, name: RepositoryName, digest: Digest, start: int = 0
    ) -> AbstractAsyncContextManager[RemoteBlob]:
        """Open a blob; the connection is closed at the end of the block.

        Args:
            name: of the repository.
            digest: of the blob.
            start: bytes that are here already.
        """
        ...

    async def head_blob(self, name: RepositoryName, digest: Digest) -> RemoteDescriptor:
        """Ask for a blob without its bytes."""
        ...

    async def tags(self, name: RepositoryName, after: str, limit: int) -> tuple[list[str], bool]:
        """List tags behind one, and tell whether there are more."""
        ...

    async def repositories(self, after: str, limit: int) -> tuple[list[RepositoryName], bool]:
        """List repositories behind one, and tell whether there are more."""
        ...

    async def referrers(
        self, name: RepositoryName, digest: Digest, artifact_type: str = ""
    ) -> RemoteManifest:
        """Fetch the index of what refers to a manifest, by the API or, without it, by the tag.

        All pages of it, up to the limit of a manifest; an empty index where nothing does.
        """
        ...

    async def ping(self) -> None:
        """Return when it answers /v2/ and takes our credentials."""
        ...

    @property
    def rate_limit(self) -> RateLimit | None:
        """What it said last of its limit; None where it said nothing."""
        ...


class RemoteTarget(Protocol):
    """Writes to another registry. Raises what `Upstream` raises."""

    async def mount(self, name: RepositoryName, digest: Digest, source: RepositoryName) -> bool:
        """Let a repository have a blob of another one there; False when it must be uploaded."""
        ...

    async def upload(
        self, name: RepositoryName, digest: Digest, size: int, pieces: AsyncIterator[bytes]
    ) -> None:
        """Upload a blob of which the number of bytes is known."""
        ...

    async def put_manifest(
        self,
        name: RepositoryName,
        reference: Reference,
        payload: bytes,
        media_type: str,
    ) -> Digest:
        """Push a manifest; gives its digest."""
        ...

    async def delete_manifest(self, name: RepositoryName, reference: Reference) -> None:
        """Delete a tag or a manifest; nothing happens when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class UpstreamAddress:
    """Where another registry is, and how it is talked to.

    Attributes:
        host: its name, as in references (`docker.io`).
        urls: its addresses, tried in turn where one cannot be reached or fails; the first is the
            registry itself: what is written goes there alone, and so do the user's password and
            what the command prints. For others only `docker_config` has credentials.
        username: empty for nobody.
        password: for the user.
        credentials_command: run with the argument `get` and the host on standard input, it prints
            `{"Username": …, "Secret": …}`, as docker's credential helpers do; empty for none.
        credentials_lifetime: seconds that its answer is good for; 0 to run it each time.
        docker_config: a config.json of docker's with `auths`, `credHelpers` and `credsStore`;
            empty for none. Read again when it changes.
        ca: a file of certificates to trust instead of the system's; empty for those. Token servers
            and stores at other hosts are trusted by either.
        certificate: a client certificate's file; empty for none.
        key: of the client certificate.
        skip_verify: take any certificate.
        connect_timeout: seconds until a connection stands.
        read_timeout: seconds without a byte.
        connections: at once, for each worker.
    """

    host: str
    urls: tuple[str, ...]
    username: str = ""
    password: str = field(default="", repr=False)
    credentials_command: Sequence[str] = ()
    credentials_lifetime: float = 0.0
    docker_config: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    skip_verify: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    connections: int = 16
