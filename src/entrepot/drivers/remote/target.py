"""Writing to another registry: implements `RemoteTarget` (distribution-spec spec.md, "Push")."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from urllib.parse import quote

from yarl import URL

from entrepot.drivers.remote.answers import content_digest
from entrepot.drivers.remote.client import digest_of
from entrepot.drivers.remote.exchange import Exchange, Question
from entrepot.drivers.remote.reply import Reply
from entrepot.drivers.remote.transport import redirect_target
from entrepot.errors import UnknownUpstreamContent, UpstreamFault, UpstreamOutage
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference

_CREATED = frozenset({201})
_ACCEPTED = frozenset({202})
# Some registries say 201 or 204 to a piece of an upload, and 200 or 202 to what deletes.
_PIECE_TAKEN = frozenset({201, 202, 204})
_DELETED = frozenset({200, 202, 204})


def push_scope(name: RepositoryName) -> tuple[str, ...]:
    """What a token has to allow for writing to a repository."""
    return (f"repository:{name}:pull,push",)


class RemoteWriter:
    """Implements `RemoteTarget`; writes to the first address of a registry alone.

    Args:
        exchange: of the `RemoteRegistry` that reads the same registry.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def mount(self, name: RepositoryName, digest: Digest, source: RepositoryName) -> bool:
        """Let a repository have a blob of another one there; False when it must be uploaded."""
        question = Question(
            "POST",
            f"/v2/{name}/blobs/uploads/?mount={quote(digest)}&from={quote(source, safe='')}",
            f"to mount {digest} from {source} in {name}",
            (*push_scope(name), f"repository:{source}:pull"),
            accepted=_CREATED | _ACCEPTED,
        )
        async with self._exchange.ask(question) as reply:
            if reply.status == 201:
                return True
            location = _location(reply)
        # It has begun an upload in place of the mount, which nobody continues.
        cancel = Question(
            "DELETE", str(location), "to end an upload", push_scope(name), accepted=_DELETED
        )
        with suppress(UpstreamOutage, UnknownUpstreamContent):
            async with self._exchange.ask(cancel):
                pass
        return False

    async def upload(
        self, name: RepositoryName, digest: Digest, size: int, pieces: AsyncIterator[bytes]
    ) -> None:
        """Upload a blob of which the number of bytes is known.

        All of it is one PATCH, as docker does it, so that OCI-Chunk-Min-Length is always kept.

        Raises:
            UpstreamOutage: also where the pieces are more or fewer than `size` bytes. What the
                pieces raise comes through.
        """
        what = f"to upload {digest} to {name}"
        scopes = push_scope(name)
        begin = Question("POST", f"/v2/{name}/blobs/uploads/", what, scopes, accepted=_ACCEPTED)
        async with self._exchange.ask(begin) as reply:
            location = _location(reply)
        body = _Body(pieces, size)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        send = Question(
            "PATCH", str(location), what, scopes, headers, body.pieces(), accepted=_PIECE_TAKEN
        )
        try:
            async with self._exchange.ask(send) as reply:
                location = _location(reply) if reply.headers.get("Location") else location
        except UpstreamOutage:
            if body.failure is not None:  # the end of the pieces, not of the connection
                raise body.failure from None
            raise
        finish = Question(
            "PUT", str(_with_digest(location, digest)), what, scopes, accepted=_CREATED
        )
        async with self._exchange.ask(finish) as reply:
            _check_digest(reply, digest)

    async def put_manifest(
        self, name: RepositoryName, reference: Reference, payload: bytes, media_type: str
    ) -> Digest:
        """Push a manifest; gives its digest."""
        question = Question(
            "PUT",
            f"/v2/{name}/manifests/{reference}",
            f"to push the manifest {reference} to {name}",
            push_scope(name),
            {"Content-Type": media_type},
            payload,
            accepted=_CREATED,
        )
        algorithm = reference.algorithm if isinstance(reference, Digest) else "sha256"
        digest = await digest_of(payload, algorithm)
        async with self._exchange.ask(question) as reply:
            told = content_digest(reply.headers)
        if told is not None and told.algorithm == algorithm and told != digest:
            raise UpstreamFault(f"{reply.host} has kept another manifest than was pushed to {name}")
        return digest

    async def delete_manifest(self, name: RepositoryName, reference: Reference) -> None:
        """Delete a tag or a manifest; nothing happens when there is none."""
        question = Question(
            "DELETE",
            f"/v2/{name}/manifests/{reference}",
            f"to delete {reference} from {name}",
            (f"repository:{name}:pull,push,delete",),
            accepted=_DELETED,
        )
        with suppress(UnknownUpstreamContent):
            async with self._exchange.ask(question):
                pass


class _Body:
    """The bytes of an upload, counted, for a library that hides what their source raises."""

    def __init__(self, pieces: AsyncIterator[bytes], size: int) -> None:
        self._pieces = pieces
        self._size = size
        self.failure: Exception | None = None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            # The last piece is sent when it is known to be the last, and all of them to be right.
            held, left = b"", self._size
            async for piece in self._pieces:
                left -= len(piece)
                if left < 0:
                    break
                if held:
                    yield held
                held = piece
            if left:
                raise UpstreamOutage(f"the blob does not have the {self._size} bytes it should")
            if held:
                yield held
        except Exception as error:
            self.failure = error
            raise


def _location(reply: Reply) -> URL:
    return redirect_target(reply.url, reply.headers.get("Location", ""))


def _with_digest(location: URL, digest: Digest) -> URL:
    """Add the digest, and leave what is signed in the address as it is."""
    sign = "&" if location.raw_query_string else "?"
    return URL(f"{location}{sign}digest={quote(digest)}", encoded=True)


def _check_digest(reply: Reply, digest: Digest) -> None:
    told = content_digest(reply.headers)
    if told is not None and told.algorithm == digest.algorithm and told != digest:
        raise UpstreamFault(f"{reply.host} has stored {told} where {digest} was uploaded")
