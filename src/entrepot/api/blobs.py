"""`/v2/NAME/blobs/DIGEST` (spec.md, "Pulling blobs", "Deleting blobs")."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from entrepot.api.parse.ranges import Unsatisfiable, matches_any, may_send_range, parse_range
from entrepot.api.request import Request
from entrepot.api.response import Header, Response
from entrepot.api.wire_errors import JSON, encode_errors
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import BlobContent
from entrepot.services.delete import Delete
from entrepot.services.pull import Pull

if TYPE_CHECKING:
    from entrepot.services.mirror.pull import MirrorPull

_AT_ONCE = 64 * 1024
_CACHE: Header = (b"cache-control", b"max-age=31536000, immutable")
_BYTES: Header = (b"accept-ranges", b"bytes")
_OCTETS: Header = (b"content-type", b"application/octet-stream")


class BlobsEndpoint:
    """Serves blobs."""

    def __init__(self, pull: "Pull | MirrorPull", delete: Delete) -> None:
        self._pull = pull
        self._delete = delete

    async def get(self, request: Request) -> Response:
        """Serve a blob, or one range of it."""
        name = RepositoryName.parse(request.name)
        digest = Digest.parse(request.argument)
        request.record.digest = digest
        probing = request.scope["method"] == "HEAD"
        blob = await self._pull.blob(request.caller, name, digest, confirming=probing)
        encoded = digest.encode()
        headers: list[Header] = [
            _OCTETS,
            _BYTES,
            _CACHE,
            (b"docker-content-digest", encoded),
            (b"etag", b'"%b"' % encoded),
        ]
        condition = request.header(b"if-none-match")
        if condition is not None and matches_any(condition, digest):
            return Response(304, headers[1:])
        status, start, stop = 200, 0, blob.size
        wanted = request.header(b"range")
        if wanted is not None and _range_holds(request, digest):
            try:
                found = parse_range(wanted, blob.size)
            except Unsatisfiable:
                return _unsatisfiable(wanted, blob.size)
            if found is not None:
                status, (start, stop) = 206, found
                span = f"bytes {start}-{stop - 1}/{blob.size}"
                headers.append((b"content-range", span.encode()))
        if probing:
            return Response(status, headers, length=stop - start)
        content = await self._pull.open(name, blob)
        if stop - start <= _AT_ONCE:
            try:
                small = content.read_now(start, stop)
            except BaseException:
                content.close()
                raise
            if small is not None:
                content.close()
                return Response(status, headers, small)
        return Response(status, headers, _BlobStream(content, start, stop), stop - start)

    async def delete(self, request: Request) -> Response:
        """Delete a blob from the repository."""
        name = RepositoryName.parse(request.name)
        digest = Digest.parse(request.argument)
        request.record.digest = digest
        await self._delete.blob(request.caller, name, digest)
        return Response(202, [(b"docker-content-digest", digest.encode())])


class _BlobStream:
    """A part of a blob, as a response's body."""

    __slots__ = ("_content", "_start", "_stop")

    def __init__(self, content: BlobContent, start: int, stop: int) -> None:
        self._content = content
        self._start = start
        self._stop = stop

    def pieces(self) -> AsyncIterator[bytes]:
        return self._content.read(self._start, self._stop)

    def close(self) -> None:
        self._content.close()


def _range_holds(request: Request, digest: Digest) -> bool:
    condition = request.header(b"if-range")
    return condition is None or may_send_range(condition, digest)


def _unsatisfiable(wanted: str, size: int) -> Response:
    message = f"the blob has {size} bytes; the range is outside it"
    body = encode_errors([("RANGE_INVALID", message, {"range": wanted[:100], "size": size})])
    return Response(416, [JSON, _BYTES, (b"content-range", f"bytes */{size}".encode())], body)
